"""Owns the log of a task while it is written: whoever writes it holds a lock on it, so that readers know its end.

The lock goes with the process: a killed run leaves no log that seems to grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["is_written", "new_log"]


@contextlib.contextmanager
def new_log(path: Path) -> Iterator[TextIO]:
    """The log at `path`, emptied, written line by line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with os.fdopen(handle, "w", encoding="utf-8", buffering=1) as file:
        fcntl.flock(handle, fcntl.LOCK_EX)  # a reader that asks holds it for a moment only
        os.ftruncate(handle, 0)
        yield file


def is_written(path: Path) -> bool:
    """Whether the task of this log is at work now."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # gone, or not ours to read
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
