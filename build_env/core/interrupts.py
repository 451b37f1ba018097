"""Owns holding interrupts back for the moments in which one would leave something half done."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["uninterrupted"]


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold interrupts back; one that came is heard at the end. For steps that wait for nothing.

    By handlers, not by a mask: a program started here would inherit the mask and with it not hear what its own children
    need.
    """
    came: list[int] = []
    before: dict[signal.Signals, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():  # no other is interrupted
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if callable(signal.getsignal(number)):  # else nothing is raised; the program inherits what is ignored
                    before[number] = signal.signal(number, lambda late, _: came.append(late))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for late in came:
            signal.raise_signal(late)
