"""What the tests of publishing share: one key for all, and a clock that only moves when told or slept on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from build_env.publish import Clock, Signer, ensure_project_key

if TYPE_CHECKING:
    from collections.abc import Callable

START = datetime(2024, 3, 1, 12, 0, 0, tzinfo=UTC)


@dataclass
class Time:
    """A clock for tests; `advance` moves it, and so does whoever sleeps."""

    value: datetime = START
    slept: list[float] = field(default_factory=list)

    def advance(self, seconds: float) -> None:
        self.value += timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def clock(self) -> Clock:
        return Clock(now=lambda: self.value, sleep=self.sleep)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return ensure_project_key(tmp_path_factory.mktemp("key") / "gnupg", "Tests <tests@example.invalid>")


@pytest.fixture
def make_time() -> Callable[[], Time]:
    return Time
