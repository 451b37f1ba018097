"""Rooms that are killed from outside are tried again; rooms that want too much memory are failures of their package."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.tiny import SCRIPT, tiny_project
from tests.support.tree import attempts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from docker.models.containers import Container

    from tests.support.tiny import Running, Tiny

# The build waits once, for what the test does to its room; the second time the file is there.
GATED = SCRIPT.replace("--build) ", "--build) if [ ! -e /gate/open ]; then echo hanging; cat /gate/pipe; fi; ")
MOUNT = """

from build_env.hooks import Mount


def env_load_docker(env: Env) -> tuple[Mount, ...]:
    return (Mount(source="gate", destination="/gate"),)
"""
GREEDY = SCRIPT.replace("--build) ", "--build) echo hanging; cat /gate/pipe; head -c 100000000 /dev/zero | tail; ")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    with tiny_project(tmp_path, "one") as tiny:
        (tmp_path / "gate").mkdir()
        os.mkfifo(tmp_path / "gate/pipe")
        tiny.package("one", GATED)
        tiny.configure(MOUNT)
        yield tiny


def room_of(project: Tiny, run: Running) -> Container:
    """The container in which the build waits."""
    run.await_output("hanging")
    rooms: list[Container] = [*project.containers(role="room"), *project.containers(role="kept-room")]
    return next(item for item in rooms if item.labels["build-env.task"] != "network")


@pytest.mark.parametrize("kept", [False, True])
def test_a_room_that_is_killed_is_tried_again(project: Tiny, *, kept: bool) -> None:
    words = ("--container",) if kept else ()
    with project.started(*words) as run:
        room = room_of(project, run)
        (project.root / "gate/open").touch()
        room.kill()
        answer = run.end().expect(0, "the kept room ended while" if kept else "the room was killed from outside")
    assert answer.text.count('"event": "task-retried"') == 1
    assert '"status": "failed"' not in answer.text
    assert [state for task, state in attempts(project.root) if ":build:" in task] == ["infrastructure", "done"]
    if not kept:
        assert project.leftovers() == []


def test_a_room_that_is_removed_is_tried_again(project: Tiny) -> None:
    with project.started() as run:
        room = room_of(project, run)
        (project.root / "gate/open").touch()
        room.remove(force=True)
        answer = run.end().expect(0)
    assert answer.text.count('"event": "task-retried"') == 1
    assert project.leftovers() == []


def test_a_room_that_runs_out_of_memory_has_failed(project: Tiny) -> None:
    """`tail` keeps all of an endless line."""
    project.package("one", GREEDY)
    project.configure(MOUNT)
    with project.started() as run:
        room_of(project, run).update(mem_limit="24m", memswap_limit="24m")
        (project.root / "gate/pipe").write_text("go on")
        answer = run.end().expect(1, "exit status 137", "ran out of memory")
    assert "task-retried" not in answer.text
    assert [state for task, state in attempts(project.root) if ":build:" in task] == ["failed"]
