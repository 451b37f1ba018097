"""Owns the standard streams of a command: one that is closed fails when it is used, one that fails is given up.

What their encoding lacks is written as an escape: names of files are bytes, and need be no text at all.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import os
import sys
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady
from build_env.core.visible import harmless, visible

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

__all__ = [
    "flush_output",
    "give_up_output",
    "is_output_closed",
    "open_streams",
    "output_failed",
    "write_error",
    "write_output",
]


def open_streams() -> None:
    """Put something in the place of streams that the caller has closed; Python itself leaves None there.

    It is the null device, opened the wrong way round: using it fails as using a closed stream does, and no file that
    is opened later gets the number of a stream. What goes to standard error is lost: there is nobody to tell.
    """
    if sys.stdin is None:
        sys.stdin = _null(0, os.O_WRONLY, "r")
    if sys.stdout is None:
        sys.stdout = _null(1, os.O_RDONLY, "w")
    if sys.stderr is None:
        sys.stderr = _null(2, os.O_WRONLY, "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # whoever calls as a function may have put something else there
            stream.reconfigure(errors="backslashreplace")


def write_output(data: bytes) -> None:
    """Write to standard output, behind what was printed before."""
    with _told():
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def flush_output() -> None:
    """Write what waits for standard output while a failure can still be told."""
    with _told():
        sys.stdout.flush()


def give_up_output() -> None:
    """Drop what waits for standard output: Python would try once more at the end, and complain in its own words."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        return
    _to_null(sys.stdout)


def write_error(text: str) -> None:
    """Write lines to standard error, if there is anybody to read them."""
    try:
        sys.stderr.write(harmless(visible(text)))
        sys.stderr.flush()
    except (OSError, ValueError):
        _to_null(sys.stderr)


def output_failed(error: OSError) -> EnvironmentNotReady:
    """What to say when standard output cannot be written."""
    said = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
    hint = "send it to a place that is open and has space"
    return EnvironmentNotReady(f"standard output cannot be written: {said}", hint=hint)


def is_output_closed() -> bool:
    """Whether nothing can be written to standard output, see `open_streams`."""
    try:
        return fcntl.fcntl(sys.stdout.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    except (OSError, ValueError):
        return True


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_failed(error) from error


def _null(number: int, flags: int, mode: str) -> TextIO:
    found = os.open(os.devnull, flags)
    if found != number:
        os.dup2(found, number)
        os.close(found)
    buffer = os.fdopen(number, f"{mode}b", closefd=False)
    return io.TextIOWrapper(buffer, encoding="utf-8", errors="backslashreplace")


def _to_null(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
