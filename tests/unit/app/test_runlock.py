"""What a run may sweep away: directories of killed runs, never what a living process works in."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from build_env.app import runlock
from build_env.app.runlock import sweep_rooms

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
    mounts = tmp_path / "mountinfo"
    escaped = str(rooms.resolve()).replace(" ", "\\040")
    mounts.write_text(f"36 35 0:3 / {escaped}/out-1/deep rw - proc proc rw\n")
    monkeypatch.setattr(runlock, "_MOUNTS", mounts)
    sweep_rooms(rooms, dead)
    assert (rooms / "out-1/deep/file").exists()
    assert not (rooms / "out-2").exists()
