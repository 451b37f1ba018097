"""What the tests of publishing share: one key for all, and a clock that only moves when told or slept on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.publish.signing import Signer, ensure_project_key
from tests.support.programs import need_programs
from tests.support.repositories import Time

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session", autouse=True)
def programs() -> None:
    """Keys and signatures are real."""
    need_programs("gpg")


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return ensure_project_key(tmp_path_factory.mktemp("key") / "gnupg", "Tests <tests@example.invalid>")


@pytest.fixture
def make_time() -> Callable[[], Time]:
    return Time
