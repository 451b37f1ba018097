"""Which kept room of a failed task is meant."""

from __future__ import annotations

import pytest

from build_env.core.errors import UsageError
from build_env.engines.docker.leftovers import FailedRoom
from build_env.inspect.failed import choose_failed
from tests.support.samples import named


def room(task: str) -> FailedRoom:
    return FailedRoom(container=task, name=task, task=named(task), created=1)


AMD64, ARM64, HELLO = map(
    room, ("debian/12:greet:build:amd64", "debian/12:greet:build:arm64", "debian/12:hello:verify:amd64")
)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("hello", HELLO),
        ("greet:build:arm64", ARM64),
        ("build:arm64", ARM64),
        ("debian/12:greet:build:amd64", AMD64),
    ],
)
def test_a_room_is_named_by_its_package_or_task(wanted: str, chosen: FailedRoom) -> None:
    assert choose_failed([AMD64, ARM64, HELLO], wanted) is chosen


def test_the_only_one_needs_no_name() -> None:
    assert choose_failed([HELLO], "") is HELLO


@pytest.mark.parametrize("wanted", ["greet", ""])
def test_several_are_listed(wanted: str) -> None:
    with pytest.raises(UsageError, match="debian/12:greet:build:amd64, debian/12:greet:build:arm64"):
        choose_failed([AMD64, ARM64], wanted)


@pytest.mark.parametrize("wanted", ["", "greet"])
def test_none_is_kept(wanted: str) -> None:
    with pytest.raises(UsageError, match="is kept"):
        choose_failed([HELLO] if wanted else [], wanted)


def test_an_architecture_tells_rooms_of_one_package_apart() -> None:
    assert choose_failed([AMD64, ARM64, HELLO], "greet", "arm64") is ARM64
    with pytest.raises(UsageError, match="no failed room of greet is kept"):
        choose_failed([AMD64, HELLO], "greet", "armhf")


def test_of_several_a_command_is_named_that_takes_one() -> None:
    with pytest.raises(UsageError) as refusal:
        choose_failed([AMD64, ARM64, HELLO], "greet")
    assert choose_failed([AMD64, ARM64, HELLO], refusal.value.hint.split()[3]) is AMD64
