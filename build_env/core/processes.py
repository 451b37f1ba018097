"""Owns running one program to its end: input, both outputs, time limit, cancel; nothing of it is left afterwards.

The program has a process group of its own, which is killed whatever happens, and an environment that is listed. What
it is for is not known here. A program that is a room's or a service is not run by this.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from build_env.core.interrupts import uninterrupted
from build_env.core.process_streams import End, Streams, converse, kill_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "Cancellation",
    "Cancelled",
    "CannotStart",
    "Finished",
    "Invocation",
    "OutputTooLarge",
    "ProcessError",
    "TooSlow",
    "listed_environment",
    "run_program",
]

_SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MEBIBYTE: Final = 1 << 20


class ProcessError(Exception):
    """A program did not come to its own end. The message names the program and says how.

    `standard_error` is the end of what it printed there until then.
    """

    def __init__(self, message: str, standard_error: str = "") -> None:
        """Keep what was printed."""
        super().__init__(message)
        self.standard_error = standard_error


class CannotStart(ProcessError):
    """There is no such program (then `missing`), or it may not be executed."""

    def __init__(self, program: str, error: OSError) -> None:
        """Say that `program` is not installed where it was looked for by its name, the reason otherwise."""
        self.missing = isinstance(error, FileNotFoundError) and "/" not in program
        reason = "is not installed" if self.missing else f"cannot be started: {error.strerror or error}"
        super().__init__(f"{program} {reason}")


class TooSlow(ProcessError):
    """Its time was over."""


class OutputTooLarge(ProcessError):
    """It printed more than it may."""


class Cancelled(ProcessError):
    """It was ended from another thread."""


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """What is run: the command, all of its environment (PATH there finds the program), and its limits.

    `seconds` until it is killed; more than `most_output` bytes on standard output are a fault; of standard error the
    last `kept_error` bytes are kept. `inherited`: descriptors that it gets beside its three streams.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    seconds: float
    most_output: int = 64 * _MEBIBYTE
    kept_error: int = 64 << 10
    inherited: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How a program ended by itself: `status` is its exit status, below zero the signal that ended it."""

    program: str
    status: int
    output: bytes
    standard_error: str

    @property
    def failure(self) -> str:
        """`PROGRAM ended with exit status N`, or by which signal; empty for success."""
        if self.status >= 0:
            return f"{self.program} ended with exit status {self.status}" if self.status else ""
        try:
            name = signal.Signals(-self.status).name
        except ValueError:  # a real-time signal has no name
            name = f"signal {-self.status}"
        return f"{self.program} was ended by {name}"

    @property
    def reason(self) -> str:
        """The last line that it printed, on standard error if there is one; how it ended when it printed nothing."""
        for text in (self.standard_error, self.output.decode(errors="replace")):
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            if lines:
                return lines[-1]
        return self.failure


class Cancellation:
    """Ends the programs that run with it, and keeps further ones from starting; for good. Safe in any thread."""

    def __init__(self) -> None:
        """Nothing is cancelled."""
        self._lock = threading.Lock()
        self._wakers: set[int] = set()
        self._cancelled = False

    def cancel(self) -> None:
        """Ask every program for its end (SIGTERM to its group); after 10 s it is killed."""
        with self._lock:
            self._cancelled = True
            for waker in self._wakers:
                os.eventfd_write(waker, 1)

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    @contextlib.contextmanager
    def watched(self) -> Iterator[int]:
        """A descriptor that is readable once `cancel` was called, also before."""
        waker = os.eventfd(0)
        try:
            with self._lock:
                self._wakers.add(waker)
                if self._cancelled:
                    os.eventfd_write(waker, 1)
            yield waker
        finally:
            with self._lock:  # not while `cancel` writes: the number may be another file's afterwards
                self._wakers.discard(waker)
                os.close(waker)


def run_program(
    invocation: Invocation,
    data: bytes = b"",
    *,
    tell: Callable[[str], None] | None = None,
    cancellation: Cancellation | None = None,
) -> Finished:
    """Run a program with `data` on its standard input; `tell` gets each line of its standard error as it comes.

    Raises CannotStart, TooSlow, OutputTooLarge and Cancelled. What the program left running in its group is killed.
    """
    streams = Streams(
        rest=memoryview(data), most_output=invocation.most_output, kept_error=invocation.kept_error, tell=tell
    )
    deadline = time.monotonic() + invocation.seconds
    process: subprocess.Popen[bytes] | None = None
    with (cancellation or Cancellation()).watched() as waker:
        if cancellation and cancellation.cancelled:
            raise Cancelled(f"{invocation.argv[0]} was not started: it was cancelled before")
        try:
            with uninterrupted():  # an interrupt now would leave the program without a master
                process = _started(invocation)
            end = converse(process, streams, deadline, waker)
        finally:
            if process is not None:
                _end(process)
    return _finished(invocation, process.returncode, streams, end)


def _finished(invocation: Invocation, status: int, streams: Streams, end: End) -> Finished:
    program = invocation.argv[0]
    error = streams.error.decode(errors="replace")
    if streams.cancelled:
        raise Cancelled(f"{program} was stopped", error)
    if end is End.TOO_SLOW:
        raise TooSlow(f"{program} was stopped after {invocation.seconds:g} s", error)
    if end is End.TOO_MUCH:
        most = invocation.most_output // _MEBIBYTE
        raise OutputTooLarge(f"{program} was stopped: it printed more than {most} MiB", error)
    return Finished(program=program, status=status, output=bytes(streams.output), standard_error=error)


def listed_environment(given: Mapping[str, str], *names: str, **fixed: str) -> dict[str, str]:
    """The environment of a program: `fixed`, and of `given` only PATH and `names`; the same language everywhere."""
    inherited = {name: given[name] for name in names if given.get(name)}
    return {**inherited, "LC_ALL": "C.UTF-8", "PATH": given.get("PATH") or _SEARCH_PATH, **fixed}


def _started(invocation: Invocation) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            invocation.argv,
            env=invocation.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=invocation.inherited,
        )
    except OSError as error:
        raise CannotStart(invocation.argv[0], error) from error


def _end(process: subprocess.Popen[bytes]) -> None:
    # Killed before it is reaped: until then nobody else can get its number.
    kill_group(process, signal.SIGKILL)
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    process.wait()
