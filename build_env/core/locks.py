"""Owns file locks: `flock` on a file that exists only while somebody holds it, and what that tells of its holder.

The kernel frees a lock when its holder dies, however it dies. Two threads of one process exclude each other, too.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["FileLock", "held", "locked", "take_lock"]


class FileLock:
    """A lock that is held; `release` removes its file, too."""

    def __init__(self, path: Path, handle: int) -> None:
        """Own the open file `handle`, which has the lock."""
        self._path = path
        self._handle = handle

    def release(self) -> None:
        """Let others have it; a second call does nothing."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):  # who waits for it looks whether it is still the file of that name
                self._path.unlink()
            os.close(self._handle)
            self._handle = -1

    def write(self, text: str) -> None:
        """Say in the file who holds it; for people, so that a full disk does no harm."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, text.encode(), 0)


def take_lock(path: Path, *, wait: bool) -> FileLock | None:
    """The lock of that name; None when somebody holds it and `wait` is not set. Its directory must exist."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(handle, path):
                return FileLock(path, handle)
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)  # its last holder removed it meanwhile: another file has the name now, or none


def held(path: Path) -> bool:
    """Whether somebody alive holds the lock of that name; looking takes it from nobody."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file or directory that exists and stays, waiting for it."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    held_file = os.fstat(handle)
    return (named.st_ino, named.st_dev) == (held_file.st_ino, held_file.st_dev)
