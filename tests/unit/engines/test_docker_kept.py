"""Kept rooms with an engine that is a double: what is left behind and what a failure of housekeeping is."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from build_env.core.errors import InfrastructureError
from build_env.engines.docker import kept
from build_env.engines.docker.connection import Connection
from build_env.engines.docker.kept import KeptRooms
from build_env.model.room import RoomSpec

if TYPE_CHECKING:
    from collections.abc import Callable


class Api:
    """An engine in which every room is there and runs."""

    def containers(self, **_options: object) -> list[dict[str, str]]:
        return [{"Id": "room", "ImageID": "image"}]

    def inspect_image(self, _reference: str) -> dict[str, str]:
        return {"Id": "image"}

    def kill(self, _container: str) -> None:
        """What ran in the room ends."""

    def inspect_container(self, _container: str) -> dict[str, Any]:
        return {"State": {"Status": "running"}, "NetworkSettings": {"Networks": {}}}


@dataclass
class Shell:
    """A shell in which nothing succeeds."""

    connection: object
    container: str
    user: str
    closed: threading.Event = field(default_factory=threading.Event)

    def run(self, script: str, output: Callable[[str], None], *_more: object, **_options: object) -> int:
        if "setpriv &&" in script:  # the room is looked at, and as it should be
            return 0
        output("no space left")
        return 2

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> KeptRooms:
    monkeypatch.setattr(kept, "HeldShell", Shell)
    connection = Connection(api=Api(), architecture="amd64", address="unix:///engine")
    return KeptRooms(connection=connection)


def spec(image: str) -> RoomSpec:
    return RoomSpec(
        image=image, commands=(), environment={}, entries=(), collect=Path(), labels={}, name="room-of-a-target"
    )


def test_a_room_that_another_image_replaces_is_left(rooms: KeptRooms) -> None:
    with rooms.room(spec("first")) as first:
        pass
    with rooms.room(spec("first")) as again:
        assert again is first
    shell: Any = first.root_shell
    assert not shell.closed.is_set()
    with rooms.room(spec("second")) as second:
        assert second is not first
    assert shell.closed.is_set()


def test_housekeeping_that_fails_is_trouble_of_the_machine(rooms: KeptRooms) -> None:
    with (
        pytest.raises(InfrastructureError, match="could not be prepared: no space left"),
        rooms.room(spec("first")) as room,
    ):
        room.run(spec("first"), lambda _line: None)
