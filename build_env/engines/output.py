"""Owns the way from chunks of bytes to whole lines of text."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LineSplitter"]


class LineSplitter:
    """Collects bytes and hands each finished line to `output`; bytes that are no UTF-8 are shown replaced."""

    def __init__(self, output: Callable[[str], None]) -> None:
        """Send lines, without their ends, to `output`."""
        self._output = output
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""

    def feed(self, data: bytes) -> None:
        """Take the next chunk."""
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._output(line.rstrip("\r"))

    def close(self) -> None:
        """Hand out an unfinished last line."""
        rest = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        if rest:
            self._output(rest)
