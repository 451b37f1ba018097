"""The memory that the commands of a room needed, as the engine's kernel counts it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from build_env.engines.docker.connection import connect
from build_env.engines.docker.rooms import DockerRooms
from build_env.model.command import Command, ImageKind
from build_env.model.room import RoomSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILLED = 60_000_000
SMALL = "true"
# `tail` holds what has no line ends.
FILLING = f"head -c {FILLED} /dev/zero | tail -n 1 >/dev/null"
PROJECT = f"peak-memory-{os.getpid()}"


@pytest.fixture(params=[False, True], ids=["fresh", "kept"])
def rooms(request: pytest.FixtureRequest) -> Iterator[DockerRooms]:
    connection = connect()
    rooms = DockerRooms(connection=connection, project="tests", reuse=request.param)
    try:
        yield rooms
    finally:
        rooms.close()
        for item in connection.containers(project=PROJECT):
            connection.remove(item["Id"])
        connection.close()


def spec(rooms: DockerRooms, tmp_path: Path, script: str) -> RoomSpec:
    return RoomSpec(
        image="debian:12",
        commands=(Command(kind=ImageKind.BUILD, argv=("sh", "-c", script)),),
        environment={},
        entries=(),
        collect=tmp_path,
        labels={"project": PROJECT, "role": "room", "task": "t"},
        name=PROJECT if rooms.reuse else "",
    )


@pytest.mark.parametrize("status", [0, 3])
def test_what_was_needed_is_told_also_of_a_failure(rooms: DockerRooms, tmp_path: Path, status: int) -> None:
    lines: list[str] = []
    outcome = rooms.run(spec(rooms, tmp_path, f"{FILLING}; echo last words; exit {status}"), lines.append)
    assert outcome.status == status
    assert FILLED <= outcome.peak_memory < 3 * FILLED
    assert [line for line in lines if not line.startswith("build-env: command 1 of 1 failed")] == ["last words"]


def test_a_small_task_after_a_large_one_is_not_taken_for_large(rooms: DockerRooms, tmp_path: Path) -> None:
    assert rooms.run(spec(rooms, tmp_path, FILLING), lambda _: None).peak_memory >= FILLED
    assert rooms.run(spec(rooms, tmp_path, SMALL), lambda _: None).peak_memory < FILLED // 2
