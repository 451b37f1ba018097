"""Which runs are alive, and what may be swept away: what dead ones left, never what a living process works in."""

from __future__ import annotations

import fcntl
import os
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

import pytest

from build_env.core.paths import ProjectPaths
from build_env.model.attempt import AttemptState
from build_env.model.run import Run
from build_env.store import mounts
from build_env.store.results import LocalStore
from build_env.store.runlock import is_alive, run_lock, sweep_dead, sweep_rooms
from tests.support.locking import holding, let_end
from tests.support.samples import named

if TYPE_CHECKING:
    from pathlib import Path


def dead(_name: str) -> bool:
    return False


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """A directory of rooms with one that holds a file."""
    directory = tmp_path / "a b"  # the kernel's list of mounts escapes spaces
    (directory / "out-1/deep").mkdir(parents=True)
    (directory / "out-1/deep/file").touch(mode=0o400)
    return directory


def test_what_is_left_goes(rooms: Path) -> None:
    (rooms / "file").touch()
    (rooms / "link").symlink_to(rooms.parent)
    sweep_rooms(rooms, dead)
    assert list(rooms.iterdir()) == []


def test_nothing_to_sweep(tmp_path: Path) -> None:
    sweep_rooms(tmp_path / "absent", dead)
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_works_in_stays(rooms: Path) -> None:
    handle = os.open(rooms / "out-1", os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
        sweep_rooms(rooms, dead)
        assert (rooms / "out-1/deep/file").exists()
    finally:
        os.close(handle)


def test_what_holds_a_mount_stays(rooms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (rooms / "out-2").mkdir()
    listed = tmp_path / "mountinfo"
    escaped = str(rooms.resolve()).replace(" ", "\\040")
    listed.write_text(f"36 35 0:3 / {escaped}/out-1/deep rw - proc proc rw\n")
    monkeypatch.setattr(mounts, "_MOUNTS", listed)
    sweep_rooms(rooms, dead)
    assert (rooms / "out-1/deep/file").exists()
    assert not (rooms / "out-2").exists()


def belongings(root: Path, run: str) -> list[Path]:
    """What a run leaves behind when it is killed."""
    paths = ProjectPaths(root=root)
    left = [paths.rooms / run / "out-1" / "half.deb", paths.store / "temporary" / run / "half"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o400)
    return [*left, paths.build / "runs" / f"{run}.lock"]


def sweep(root: Path) -> None:
    paths = ProjectPaths(root=root)
    with closing(LocalStore(paths.build)) as store:
        sweep_dead(paths, store)


def states(root: Path) -> list[AttemptState]:
    with closing(LocalStore(root / "build")) as store:
        return [attempt.state for attempt in store.history([named("task")])[named("task")]]


def test_a_killed_run_is_swept_a_living_one_is_not_touched(tmp_path: Path) -> None:
    with holding(tmp_path / "build", "dead") as killed, holding(tmp_path / "build", "living") as living:
        theirs, others = belongings(tmp_path, "dead"), belongings(tmp_path, "living")
        killed.kill()
        killed.wait()
        assert not is_alive(tmp_path / "build", "dead")
        assert is_alive(tmp_path / "build", "living")
        sweep(tmp_path)
        assert not any(path.exists() for path in theirs)
        assert all(path.exists() for path in others)
        assert states(tmp_path) == [AttemptState.LOST]
        let_end(living)
        assert not is_alive(tmp_path / "build", "living")
        assert not others[-1].exists(), "a run that ends takes its lock away"
    sweep(tmp_path)
    assert not any(path.exists() for path in others)
    assert states(tmp_path) == [AttemptState.LOST, AttemptState.LOST]


def test_this_process_is_alive_while_it_holds_its_lock(tmp_path: Path) -> None:
    run = Run(id="own", pid=os.getpid(), began=1.0)
    with run_lock(tmp_path, run):
        assert is_alive(tmp_path, "own")
        assert (tmp_path / "runs" / "own.lock").read_text(encoding="utf-8") == f"{os.getpid()}\n"
    assert not is_alive(tmp_path, "own")
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../own", "unknown"])
def test_a_name_that_is_no_run_is_not_alive(tmp_path: Path, name: str) -> None:
    with run_lock(tmp_path, Run(id="own", pid=1, began=1.0)):
        assert not is_alive(tmp_path, name)


def test_the_rooms_of_a_living_run_stay(rooms: Path, tmp_path: Path) -> None:
    with holding(tmp_path, "out-1"):
        sweep_rooms(rooms, partial(is_alive, tmp_path))
        assert (rooms / "out-1/deep/file").exists()
    sweep_rooms(rooms, partial(is_alive, tmp_path))
    assert list(rooms.iterdir()) == []
