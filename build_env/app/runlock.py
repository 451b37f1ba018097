"""Owns the lock that proves a run alive: one run per checkout at a time. A killed run leaves no lock behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady
from build_env.store.cas import disk_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["run_lock"]


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
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)
