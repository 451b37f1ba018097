"""Owns the way from chunks of bytes to lines of text that are not endless, and the end of output that is.

Linear in what comes: a line is looked at once, and no more than a piece of one is held.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.core.errors import TaskError
from build_env.core.sizes import size_words

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LONGEST", "LineSplitter"]

LONGEST = 1 << 16  # bytes of a line; what is longer goes on as another one
_CHARACTER = 4  # bytes of UTF-8 at most
_RETURNED = re.compile(rb"\r+\n")
_AT_START = re.compile(rb"(\A|\n)\r+")
_DRAWN_OVER = re.compile(rb"\r+")


class LineSplitter:
    r"""Collects bytes and hands each finished line to `output`; bytes that are no UTF-8 are shown replaced.

    A `\r` ends a line, too: what is drawn over in a terminal was said before. After `most` bytes nothing more is taken.
    """

    def __init__(self, output: Callable[[str], None], most: int = 0) -> None:
        """Send lines, without their ends, to `output`; `most` 0 is no limit."""
        self._output = output
        self._most = most
        self._taken = 0
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next chunk. Raises TaskError when it is more than there may be."""
        self._taken += len(data)
        data = self._rest + data
        if b"\r" in data:
            data = self._without_returns(data)
        *lines, self._rest = data.split(b"\n")
        for line in lines:
            self._tell(line)
        if len(self._rest) > LONGEST:
            self._rest = self._tell_pieces(self._rest)
        if self._most and self._taken > self._most:
            raise TaskError(
                f"stopped, because it printed more than {size_words(self._most)}",
                hint="the log has what it printed; the setting room_log, or room: log: in the definition, allows more",
            )

    def close(self) -> None:
        """Hand out an unfinished last line."""
        rest, self._rest = self._rest.rstrip(b"\r"), b""
        if rest:
            self._tell(rest)

    def _without_returns(self, data: bytes) -> bytes:
        """`data` in which only line feeds end lines. A return that comes last waits for what follows."""
        whole = data.rstrip(b"\r")
        waiting = data[len(whole) :][:1]
        whole = _AT_START.sub(rb"\1", _RETURNED.sub(b"\n", whole))  # nothing was said that would be drawn over
        return _DRAWN_OVER.sub(b"\n", whole) + waiting

    def _tell(self, line: bytes) -> None:
        if len(line) > LONGEST:
            line = self._tell_pieces(line)
        self._output(line.decode("utf-8", errors="replace"))

    def _tell_pieces(self, line: bytes) -> bytes:
        """Hand out a long line in pieces, none of which ends within a character; the rest."""
        begin = 0
        while len(line) - begin > LONGEST:
            end = begin + LONGEST
            back = next((n for n in range(_CHARACTER) if line[end - n] & 0xC0 != 0x80), 0)  # noqa: PLR2004 - UTF-8's
            self._output(line[begin : end - back].decode("utf-8", errors="replace"))
            begin = end - back
        return line[begin:]
