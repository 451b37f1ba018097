"""Owns the lock that proves a run alive: one run per checkout at a time. A killed run leaves no lock behind.

Whoever holds it knows that what lies in `build/rooms` belongs to nobody any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady
from build_env.store.cas import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["run_lock", "sweep_rooms"]

_MOUNTS = Path("/proc/self/mountinfo")


@contextlib.contextmanager
def run_lock(build: Path) -> Iterator[None]:
    """Hold `build/run.lock`; raises EnvironmentNotReady when another run holds it."""
    with disk_errors():
        build.mkdir(parents=True, exist_ok=True)
        handle = os.open(build / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            raise EnvironmentNotReady(
                f"another run is at work in this checkout (process {owner})",
                hint="wait for it, or stop it with Ctrl-C in its terminal",
            ) from error
        with disk_errors():
            os.ftruncate(handle, 0)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def sweep_rooms(rooms: Path) -> None:
    """Remove the directories that killed runs left in `build/rooms`. Only the holder of the run lock may call this.

    What somebody has locked is still written to: a base is made without the run lock, and mmdebstrap may outlive us.
    What holds a mount stays: behind it lie files of the machine.
    """
    if not rooms.is_dir():
        return
    lines = _MOUNTS.read_text().splitlines() if _MOUNTS.exists() else []
    mounted = [Path(line.split()[4].replace("\\040", " ")) for line in lines]
    for entry in rooms.resolve().iterdir():
        if any(point.is_relative_to(entry) for point in mounted):
            continue
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink(missing_ok=True)
        elif _unlocked(entry):
            shutil.rmtree(entry, ignore_errors=True)


def _unlocked(entry: Path) -> bool:
    """Whether no living process holds a lock on that directory."""
    try:
        handle = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # not ours to read
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
