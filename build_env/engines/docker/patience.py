"""Owns how long an engine may be silent: by the kind of call, less where the time of a room or of the run is up.

Pure but for the clock. A limit counts from the last byte that came, so a long build is no fault as long as it talks.
"""

from __future__ import annotations

import contextlib
import math
import re
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FAREWELL", "USUAL", "Patience"]

USUAL = 60.0  # seconds for a call that is answered at once by an engine that is well
FAREWELL = 6.0  # seconds for all that is still to be said after `hurry`
_AFTERWARDS = 3.0  # seconds for putting away a room whose time is up

# What an engine does for long before it says anything, in multiples of the usual limit. A step of a Dockerfile may
# compile without a word, a layer of gigabytes is committed or unpacked without one.
_SLOW = (
    (re.compile(r"POST .*/build$"), 30),
    (re.compile(r"POST .*/(commit|images/create|images/load)$"), 10),
    (re.compile(r"(GET|PUT) .*/containers/[^/]+/archive$"), 10),
)


class _Own(threading.local):
    """The end of what this thread is doing, on the clock; `late` since that was reached."""

    end: float = math.inf
    late: bool = False


@dataclass
class Patience:
    """The limits of one connection. `usual` is in seconds; threads have ends of their own below the common one."""

    usual: float = USUAL
    clock: Callable[[], float] = time.monotonic
    hurried: bool = False  # somebody's time was up: the end of the run waits for nothing that does not answer
    _end: float = math.inf
    _own: _Own = field(default_factory=_Own)

    def limit(self, method: str, path: str) -> float:
        """The seconds that the engine may be silent in this call. Raises TimeoutError when no time is left at all."""
        asked = f"{method.upper()} {path}"
        times = next((times for pattern, times in _SLOW if pattern.match(asked)), 1)
        return min(self.usual * times, self.left())

    def left(self) -> float:
        """The seconds until this thread's work must end, infinite without an end. Raises TimeoutError after it."""
        left = min(self._end, self._own.end) - self.clock()
        if left <= 0:
            raise TimeoutError("the time is up")
        return left

    @contextlib.contextmanager
    def limited(self, seconds: float | None) -> Iterator[None]:
        """Let what this thread does here end in `seconds`; None sets no end."""
        before = (self._own.end, self._own.late)
        self._own.end, self._own.late = self.clock() + (math.inf if seconds is None else seconds), False
        try:
            yield
        finally:
            self._own.end, self._own.late = before

    def is_up(self) -> bool:
        """Whether this thread's own time has just run out: told once, and gives it a little to put things away."""
        if self._own.late or self.clock() < self._own.end:
            return False
        self._own.late = self.hurried = True
        self._own.end = self.clock() + _AFTERWARDS
        return True

    def hurry(self) -> None:
        """Let everything end soon, in all threads."""
        self.hurried = True
        self._end = min(self._end, self.clock() + FAREWELL)
