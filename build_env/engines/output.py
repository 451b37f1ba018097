"""Owns the way from chunks of bytes to lines of text that are not endless, and the end of output that is.

Linear in what comes: a line is looked at once, and no more than a piece of one is held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import TaskError
from build_env.core.sizes import size_words

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LONGEST", "LineSplitter"]

LONGEST = 1 << 16  # bytes of a line; what is longer goes on as another one
_CHARACTER = 4  # bytes of UTF-8 at most


class LineSplitter:
    """Collects bytes and hands each finished line to `output`; bytes that are no UTF-8 are shown replaced.

    After `most` bytes nothing more is taken.
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
        *lines, self._rest = (self._rest + data).split(b"\n")
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
        rest, self._rest = self._rest, b""
        if rest:
            self._tell(rest)

    def _tell(self, line: bytes) -> None:
        if len(line) > LONGEST:
            line = self._tell_pieces(line)
        self._output(_text(line))

    def _tell_pieces(self, line: bytes) -> bytes:
        """Hand out a long line in pieces, none of which ends within a character; the rest."""
        begin = 0
        while len(line) - begin > LONGEST:
            end = line.rfind(b"\r", begin, begin + LONGEST) + 1  # a state of something that is drawn over
            if not end:
                end = begin + LONGEST
                end -= next((back for back in range(_CHARACTER) if line[end - back] & 0xC0 != 0x80), 0)  # noqa: PLR2004
            self._output(_text(line[begin:end]))
            begin = end
        return line[begin:]


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r")
