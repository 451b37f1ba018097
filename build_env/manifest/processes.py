"""Owns running one program with input and a time limit: both of its outputs, and nothing of it left afterwards.

Knows nothing of manifests. The program has a process group of its own, which is killed whatever happens.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["Finished", "Limits", "OutputTooLarge", "TooSlow", "run_program"]

_CHUNK = 1 << 16
_DRAIN = 0.0  # seconds: what is in the pipes is read, nothing is waited for


class TooSlow(Exception):
    """The time is over; `standard_error` is what was said until then."""

    def __init__(self, standard_error: str) -> None:
        """Keep what was said."""
        super().__init__("the time is over")
        self.standard_error = standard_error


class OutputTooLarge(Exception):
    """The program printed more than it may."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds, and bytes of standard output; of standard error the last `said` bytes are kept."""

    seconds: float
    output: int
    said: int


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a program ended: its exit status, below zero the signal that ended it."""

    status: int
    output: bytes
    standard_error: str


@dataclass(kw_only=True)
class _Talk:
    """What is still to be written, and what was read."""

    limits: Limits
    rest: memoryview
    output: bytearray = field(default_factory=bytearray)
    said: bytearray = field(default_factory=bytearray)

    def text(self) -> str:
        return self.said.decode(errors="replace")


def run_program(argv: Sequence[str], data: bytes, environment: Mapping[str, str], limits: Limits) -> Finished:
    """Run `argv` with `data` on its standard input.

    Raises OSError when it cannot be started, TooSlow, and OutputTooLarge. What it left running is killed.
    """
    deadline = time.monotonic() + limits.seconds
    talk = _Talk(limits=limits, rest=memoryview(data))
    process: subprocess.Popen[bytes] | None = None
    try:
        with _uninterrupted():
            process = subprocess.Popen(
                argv,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        _talk(process, talk, deadline)
    finally:
        if process is not None:
            _end(process)
    return Finished(status=process.returncode, output=bytes(talk.output), standard_error=talk.text())


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold interrupts back: one that comes while a program is being started would leave it without a master.

    By handlers, not by a mask: the program would inherit the mask and with it not hear what its own children need.
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


def _end(process: subprocess.Popen[bytes]) -> None:
    # Killed before it is reaped: until then nobody else can get its number.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    process.wait()


def _talk(process: subprocess.Popen[bytes], talk: _Talk, deadline: float) -> None:
    """Write and read until the program has ended. One that it left behind is not waited for."""
    with _watched(process) as (selector, ended):
        while True:
            ready = {key.fd for key, _ in selector.select(max(0.0, deadline - time.monotonic()))}
            if not ready:
                raise TooSlow(talk.text())
            _turn(selector, process, talk, ready - {ended})
            if ended in ready:
                break
        selector.unregister(ended)
        while more := {key.fd for key, _ in selector.select(_DRAIN)} - {_number(process.stdin)}:
            _turn(selector, process, talk, more)


@contextlib.contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[tuple[selectors.BaseSelector, int]]:
    """A selector of the three pipes and of the process's end, and the descriptor of the latter."""
    ended = os.pidfd_open(process.pid)
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(ended, selectors.EVENT_READ)
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


def _turn(selector: selectors.BaseSelector, process: subprocess.Popen[bytes], talk: _Talk, ready: set[int]) -> None:
    """Write or read once at each of the `ready` descriptors."""
    for number in ready:
        if number == _number(process.stdin):
            if _write(number, talk):
                selector.unregister(number)
                if process.stdin:
                    process.stdin.close()
        elif not _read(number, talk, standard_output=number == _number(process.stdout)):
            selector.unregister(number)


def _write(number: int, talk: _Talk) -> bool:
    """Whether all is written, or nobody reads it."""
    try:
        talk.rest = talk.rest[os.write(number, talk.rest[:_CHUNK]) :]
    except BrokenPipeError:
        return True
    return not talk.rest


def _read(number: int, talk: _Talk, *, standard_output: bool) -> bool:
    """Whether something was read; nothing is the end."""
    data = os.read(number, _CHUNK)
    if standard_output:
        talk.output += data
        if len(talk.output) > talk.limits.output:
            raise OutputTooLarge
    else:
        talk.said += data
        del talk.said[: -talk.limits.said]
    return bool(data)


def _number(stream: object) -> int:
    """The descriptor of a pipe, -1 for one that is closed."""
    if stream is None or getattr(stream, "closed", True):
        return -1
    number: int = getattr(stream, "fileno")()  # noqa: B009 - the class of pipes has no name
    return number
