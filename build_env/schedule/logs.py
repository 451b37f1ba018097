"""Owns the log of a task while it is written: whoever writes it holds a lock on it, so that readers know its end.

The lock goes with the process: a killed run leaves no log that seems to grow.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from build_env.core.locks import held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["is_written", "new_log"]


@contextlib.contextmanager
def new_log(path: Path) -> Iterator[Callable[[str], None]]:
    """What writes lines to the log at `path`, which is emptied first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    with os.fdopen(handle, "w", encoding="utf-8", buffering=1) as file:
        fcntl.flock(handle, fcntl.LOCK_EX)  # a reader that asks holds it for a moment only
        os.ftruncate(handle, 0)

        def write(line: str) -> None:
            file.write(f"{line}\n")

        yield write


def is_written(path: Path) -> bool:
    """Whether the task of this log is at work now."""
    return held(path)
