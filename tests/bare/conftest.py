"""What the tests on bare machines share: machines with a checkout of what is tested."""

from __future__ import annotations

import contextlib
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.support.bare import CHECKOUT, REPOSITORY, SUITES, bare_machine, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.bare import BareMachine


@pytest.fixture(scope="module")
def debian_12() -> Iterator[BareMachine]:
    """A machine that the tests of a module use one after the other, as a person would."""
    with with_checkout("debian-12") as made:
        yield made


@pytest.fixture(scope="module")
def debian_13() -> Iterator[BareMachine]:
    """As `debian_12`, of the other release."""
    with with_checkout("debian-13") as made:
        yield made


@pytest.fixture(params=sorted(SUITES))
def fresh_machine(request: pytest.FixtureRequest) -> Iterator[BareMachine]:
    """A machine that nobody has used."""
    with with_checkout(request.param) as made:
        yield made


@contextlib.contextmanager
def with_checkout(name: str) -> Iterator[BareMachine]:
    """Start a machine with what is tested, as it lies in the working tree."""
    if reason():
        pytest.skip(reason())
    git = ["git", "-C", str(REPOSITORY)]
    changed = subprocess.run([*git, "stash", "create"], check=True, capture_output=True, text=True).stdout.strip()
    with bare_machine(name) as made:
        made.expect(0, "git config --system --add safe.directory '*'")
        made.expect(0, f"git clone --quiet --shared --no-checkout /repository {CHECKOUT}")
        made.expect(0, f"git checkout --quiet --detach {changed or 'HEAD'}", directory=CHECKOUT)
        yield made


@cache
def reason() -> str:
    """Why there can be no bare machine here; empty where there can."""
    return why_not()
