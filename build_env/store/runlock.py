"""Owns the lock that proves a run alive, one file per run, and sweeping what belongs to runs that are dead.

A killed run leaves its file behind, but not the lock on it. Several runs may be at work in one checkout.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import EnvironmentNotReady
from build_env.core.locks import held, locked, take_lock
from build_env.store.blob import sweep_blobs
from build_env.store.mounts import mounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.core.paths import ProjectPaths
    from build_env.model.run import Run
    from build_env.store.results import LocalStore

__all__ = ["is_alive", "no_runs", "run_lock", "stale_rooms", "sweep_dead", "sweep_rooms"]

_PROCESSES = Path("/proc")
_SUFFIX = ".lock"


@contextlib.contextmanager
def run_lock(build: Path, run: Run) -> Iterator[None]:
    """Hold the lock of `run` for its life, and only then let others sweep what it leaves."""
    runs = build / "runs"
    with disk_errors():
        runs.mkdir(parents=True, exist_ok=True)
        with locked(runs):  # waits for who removes what no run uses
            lock = take_lock(runs / f"{run.id}{_SUFFIX}", wait=True)
    if lock is None:
        raise RuntimeError("a lock that was waited for is there")
    lock.write(f"{run.pid}\n")
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def no_runs(build: Path, doing: str) -> Iterator[None]:
    """No run is at work meanwhile: one that begins waits. Raises EnvironmentNotReady when one is at work already."""
    runs = build / "runs"
    with disk_errors():
        runs.mkdir(parents=True, exist_ok=True)
    with locked(runs):
        for entry in sorted(runs.glob(f"*{_SUFFIX}")):
            if held(entry):
                raise EnvironmentNotReady(
                    f"run {entry.stem} is at work{_process(entry)}: {doing} would take away what it uses",
                    hint="run the same command again when it has ended",
                )
        yield


def _process(entry: Path) -> str:
    try:
        number = entry.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
    return f" (process {number})" if number else ""


def is_alive(build: Path, run: str) -> bool:
    """Whether a process holds the lock of that run; a run takes it before it leaves anything anywhere."""
    return bool(run) and "/" not in run and held(build / "runs" / f"{run}{_SUFFIX}")


def sweep_dead(paths: ProjectPaths, store: LocalStore) -> None:
    """Remove what runs that are dead left below `build/`, and say of their attempts that they are lost."""
    alive = partial(is_alive, paths.build)
    store.sweep(alive)
    sweep_rooms(paths.rooms, alive)
    sweep_blobs(paths.memories)
    _sweep_locks(paths.build)


def _sweep_locks(build: Path) -> None:
    """Remove the files of locks that nobody holds: of runs, and of what they had claimed."""
    for entry in (*(build / "runs").glob(f"*{_SUFFIX}"), *(build / "claims").glob("*")):
        lock = take_lock(entry, wait=False)
        if lock is not None:
            lock.release()


def sweep_rooms(rooms: Path, alive: Callable[[str], bool]) -> None:
    """Remove what runs that are dead left in `build/rooms`: a directory for each run has its name.

    What somebody has locked is still written to: a base is made without a run, and mmdebstrap may outlive us.
    What holds a mount stays: behind it lie files of the machine.
    """
    entries = stale_rooms(rooms, alive)
    _end_processes(entries)
    for entry in entries:
        if entry.is_symlink() or not entry.is_dir():
            entry.unlink(missing_ok=True)
        else:
            _remove_unlocked(entry)


def stale_rooms(rooms: Path, alive: Callable[[str], bool]) -> list[Path]:
    """What runs that are dead left there and holds no mount; somebody may have locked it still."""
    entries = [entry for entry in rooms.resolve().iterdir() if not alive(entry.name)] if rooms.is_dir() else []
    points = [Path(point) for point, _ in mounts()] if entries else []
    return [entry for entry in entries if not any(point.is_relative_to(entry) for point in points)]


def _end_processes(rooms: list[Path]) -> None:
    """End what still runs in native rooms of dead runs: it is known by the variables that each room sets."""
    owned = tuple(f"BUILD_OUT={room}/".encode() for room in rooms)
    for entry in _PROCESSES.glob("[0-9]*") if rooms else ():
        with contextlib.suppress(OSError):  # it has ended, or is not ours
            if any(line.startswith(owned) for line in (entry / "environ").read_bytes().split(b"\0")):
                os.kill(int(entry.name), signal.SIGKILL)


def _remove_unlocked(entry: Path) -> None:
    """Remove the directory unless a living process has locked it; nobody gets the lock meanwhile."""
    try:
        handle = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # not ours to read, or gone
        shutil.rmtree(entry, ignore_errors=True)
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(entry, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(handle)
