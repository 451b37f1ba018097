"""Owns the three streams of a program that runs: written and read until it has ended, all of them bounded.

Knows processes by their descriptors; starts none, and reaps none.
"""

from __future__ import annotations

import contextlib
import enum
import os
import selectors
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from typing import IO

__all__ = ["End", "Streams", "converse", "kill_group"]

_CHUNK = 1 << 16
_DRAIN = 0.0  # seconds: what is in the pipes is read, nothing is waited for
_GRACE = 10.0  # seconds that a cancelled program has for tidying up


class End(enum.Enum):
    """Why a conversation is over."""

    BY_ITSELF = "by itself"
    TOO_SLOW = "too slow"
    TOO_MUCH = "too much"


@dataclass(kw_only=True)
class Streams:
    """What is still to be written (`rest`), and what was read; `tell` gets each line of standard error.

    At most `most_output` bytes of standard output are taken; of standard error the last `kept_error` stay.
    """

    rest: memoryview
    most_output: int
    kept_error: int
    tell: Callable[[str], None] | None = None
    output: bytearray = field(default_factory=bytearray)
    error: bytearray = field(default_factory=bytearray)
    cancelled: bool = False
    _line: bytearray = field(default_factory=bytearray)

    def read_output(self, data: bytes) -> None:
        """Take what came on standard output; one byte more than allowed shows that there is too much."""
        self.output += data[: self.most_output + 1 - len(self.output)]

    def read_error(self, data: bytes) -> None:
        """Take what came on standard error, and hand on the lines that it completes."""
        self.error += data
        del self.error[: -self.kept_error]
        self._tell(data)

    def finish(self) -> None:
        """Hand on a last line that has no end."""
        if self._line:
            self._tell(b"\n")

    def _tell(self, data: bytes) -> None:
        if self.tell is None:
            return
        self._line += data
        *lines, rest = self._line.split(b"\n")
        if len(rest) > _CHUNK:  # a line without an end is cut, so that it is bounded, too
            lines, rest = [*lines, rest], bytearray()
        self._line = bytearray(rest)
        for line in lines:
            self.tell(line.decode(errors="replace").rstrip())


def kill_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the group of `process`, which is its leader and was not reaped yet."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def converse(process: subprocess.Popen[bytes], streams: Streams, deadline: float, waker: int) -> End:
    """Write and read until the program has ended, or `deadline` (monotonic). One that it left behind is not waited for.

    When `waker` becomes readable its group gets SIGTERM, and has 10 s.
    """
    with _watched(process, waker) as (selector, ended):
        ready: set[int] = set()
        while ended not in ready:
            ready = {key.fd for key, _ in selector.select(max(0.0, deadline - time.monotonic()))}
            # A program that prints on and on keeps its streams ready.
            if ended not in ready and (not ready or time.monotonic() > deadline):
                return End.TOO_SLOW
            if waker in ready:
                selector.unregister(waker)
                streams.cancelled = True
                deadline = min(deadline, time.monotonic() + _GRACE)
                kill_group(process, signal.SIGTERM)
            if not _turn(selector, process, streams, ready - {ended, waker}):
                return End.TOO_MUCH
        for number in {ended, waker} & set(selector.get_map()):
            selector.unregister(number)
        while more := {key.fd for key, _ in selector.select(_DRAIN)} - {_number(process.stdin)}:
            if not _turn(selector, process, streams, more):
                return End.TOO_MUCH
    streams.finish()
    return End.BY_ITSELF


@contextlib.contextmanager
def _watched(process: subprocess.Popen[bytes], waker: int) -> Iterator[tuple[selectors.BaseSelector, int]]:
    """A selector of the three pipes, the waker and the process's end, and the descriptor of the latter."""
    ended = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
            selector.register(waker, selectors.EVENT_READ)
            for stream, event in (
                (process.stdin, selectors.EVENT_WRITE),
                (process.stdout, selectors.EVENT_READ),
                (process.stderr, selectors.EVENT_READ),
            ):
                os.set_blocking(_number(stream), False)
                selector.register(_number(stream), event)
            yield selector, ended
    finally:
        os.close(ended)


def _turn(
    selector: selectors.BaseSelector, process: subprocess.Popen[bytes], streams: Streams, ready: set[int]
) -> bool:
    """Write or read once at each of the `ready` descriptors. False: there is too much output."""
    for number in ready:
        if number == _number(process.stdin):
            if _write(number, streams):
                selector.unregister(number)
                if process.stdin:
                    process.stdin.close()
            continue
        data = os.read(number, _CHUNK)
        if not data:
            selector.unregister(number)
        elif number == _number(process.stdout):
            streams.read_output(data)
        else:
            streams.read_error(data)
    return len(streams.output) <= streams.most_output


def _write(number: int, streams: Streams) -> bool:
    """Whether all is written, or nobody reads it."""
    try:
        streams.rest = streams.rest[os.write(number, streams.rest[:_CHUNK]) :]
    except BrokenPipeError:
        return True
    return not streams.rest


def _number(stream: IO[bytes] | None) -> int:
    """The descriptor of a pipe, -1 for one that is closed."""
    return -1 if stream is None or stream.closed else stream.fileno()
