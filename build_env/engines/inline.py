"""Owns small transfers through a room's own pipes: archives as text in a script and in what the script prints.

Each archive that goes through the engine's interface costs 50 ms, which is more than many stages take. What is too
large, or comes from an image without the programs for it, takes the engine's way.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Receiver", "gathered", "laying_script", "printing_script"]

_PROGRAMS = "{ command -v base64 && command -v gzip && command -v tar; } >/dev/null"
_LARGEST_ARGUMENT = 100_000  # the kernel takes 131072 bytes in one argument
_LARGEST_ARCHIVE = 1 << 20  # bytes: more will hardly fit into an argument, however well it is compressed
_LARGEST_RESULT = 1 << 19  # bytes of the tar
_WHOLE = b"whole"  # follows the tar when nothing is wrong with it


def gathered(chunks: Iterable[bytes]) -> bytes | None:
    """All of an archive in one piece if it is small; no more than that is asked for."""
    archive = bytearray()
    for chunk in chunks:
        archive += chunk
        if len(archive) > _LARGEST_ARCHIVE:
            return None
    return bytes(archive)


def laying_script(archive: bytes) -> str:
    """A script that unpacks the tar `archive` at `/`, or nothing when it would be too long."""
    text, unzip = base64.b64encode(archive).decode(), ""
    if len(text) > _LARGEST_ARGUMENT:
        text, unzip = base64.b64encode(gzip.compress(archive, 1, mtime=0)).decode(), "gzip -d | "
    if len(text) > _LARGEST_ARGUMENT:
        return ""
    return f"{_PROGRAMS} && printf %s {text} | base64 -d | {unzip}tar -xpf - --numeric-owner -C /\n"


def printing_script(root: str, *names: str) -> str:
    """A script that prints the directories `names` of `root`, as `Receiver` reads them, and ends early if they are big.

    Also a sparse file is as long as its tar: the tar itself is measured.
    """
    tar = f"tar --hard-dereference -cf - {' '.join(names)}"
    return f"cd {root} && {{ {tar} && printf %s {_WHOLE.decode()}; }} | head -c {_LARGEST_RESULT} | base64"


@dataclass
class Receiver:
    """Takes what a script tells the tool out of what it prints; everything else goes on to `output`.

    `trusted` says that nobody else can know the mark (see `supervisor`). Then the word of an end is taken for one, and
    results may come this way. Else only the figures count, which a build may make up to its own harm.
    """

    output: Callable[[str], None]
    trusted: bool = False
    mark: str = field(default_factory=lambda: f"build-env-{secrets.token_hex(16)}")
    peak_memory: int = 0
    status: int | None = None  # of the script, when it has ended
    command: int = 0  # the number of the one at work then
    _lines: list[str] | None = None
    _whole: bool = False
    _blank: bool = False

    def __post_init__(self) -> None:
        """No figure can be longer than what it stands for: whoever says it, it must fit a database."""
        self._end = re.compile(rf"{self.mark} ([0-9]{{1,18}}) ([0-9]{{1,3}}) ([0-9]{{1,6}})")

    @property
    def ended(self) -> int | None:
        """The exit status, if it can be believed."""
        return self.status if self.trusted else None

    def line(self, text: str) -> None:
        """Take one printed line."""
        if self.trusted and text == self.mark:
            self._whole = self._lines is not None
            self._lines = self._lines or []
            self._blank = False
        elif told := self._end.fullmatch(text):
            self.peak_memory, self.status, self.command = (int(word) for word in told.groups())
            self._blank = False
        elif self._lines is not None and not self._whole:
            self._lines.append(text)
        else:
            self.flush()
            self._blank = text == ""
            if text:
                self.output(text)

    def flush(self) -> None:
        """Pass on an empty line that was held back, because one comes before the mark."""
        if self._blank:
            self.output("")
        self._blank = False

    def archive(self) -> bytes | None:
        """The tar with the results, None when they have to be fetched."""
        if not self._whole or self._lines is None:
            return None
        try:
            data = base64.b64decode("".join(self._lines), validate=True)
        except binascii.Error:
            return None
        return data.removesuffix(_WHOLE) if data.endswith(_WHOLE) and len(data) < _LARGEST_RESULT else None
