"""Owns reading the files of a compile: each once, within limits. The only reading in the language beside externals."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.bounds import ALLOW
from build_env.manifest.documents import LARGEST_FILE, Unreadable, read_nodes
from build_env.manifest.faults import Faults
from build_env.manifest.nodes import Mapping, Place

if TYPE_CHECKING:
    from build_env.core.bounds import Bounds
    from build_env.core.errors import Location
    from build_env.manifest.nodes import Node

__all__ = ["Document", "Sources"]

_LARGEST_TOTAL = 128 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """A file that was read; `root` is None when it cannot be used."""

    file: str
    root: Node | None


@dataclass(kw_only=True)
class Sources:
    """All files of a compile, in the order they were read; with `as_written` their scalars are texts.

    With `bounds` none is read that lies out of them.
    """

    as_written: bool = False
    bounds: Bounds | None = None
    faults: Faults = field(init=False)
    documents: dict[str, Document] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    texts: dict[str, list[str] | str] = field(default_factory=dict)
    total: int = 0

    def __post_init__(self) -> None:
        self.faults = Faults(line_of=self._line)

    def entry(self, file: str, text: str) -> Document:
        """The file that is compiled; its text was read by the caller."""
        self.files.append(file)
        return self._document(file, os.path.realpath(file), text, ())

    def data(self, source: str, text: str) -> Node | None:
        """Data that is no file of the compile; None when it is no YAML. Faults name the `source`."""
        self.texts[source] = text
        return self._read(source, text, ())

    def include(
        self, path: str, including: str, chain: tuple[Location, ...], *, optional: bool = False
    ) -> Document | str:
        """The file `path` relative to the `including` one, or why it cannot be read; `chain` leads to it.

        One that is `optional` and not there is an empty one.
        """
        file = os.path.normpath(Path(including).parent / path) if "\0" not in path else ""
        identity = os.path.realpath(file)
        if identity in self.documents:
            return self.documents[identity]
        try:
            text = _text(file, identity, self.bounds)
        except FileNotFoundError:
            if not optional:
                return f"file {path} was not found (looked for {file})"
            place = Place(file, 1, 1)
            return Document(file=file, root=Mapping((), place, place, directives=False, weight=1))
        except (OSError, ValueError) as error:
            return f"file {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        self.total += len(text)
        if self.total > _LARGEST_TOTAL:
            return f"all files together are larger than {_LARGEST_TOTAL // 1024 // 1024} MiB"
        self.files.append(file)
        return self._document(file, identity, text, chain)

    def _document(self, file: str, identity: str, text: str, chain: tuple[Location, ...]) -> Document:
        self.texts[file] = text
        document = Document(file=file, root=self._read(file, text, chain))
        self.documents[identity] = document
        return document

    def _read(self, file: str, text: str, chain: tuple[Location, ...]) -> Node | None:
        fault = partial(self.faults.add, chain=chain)
        warn = partial(self.faults.warn, chain=chain)
        try:
            return read_nodes(text, file, fault, warn, as_written=self.as_written)
        except Unreadable as error:
            fault(error.message, Place(file, error.line, error.column))
            return None

    def _line(self, file: str, line: int) -> str:
        text = self.texts.get(file, "")
        if isinstance(text, str):
            text = self.texts[file] = text.split("\n")
        return text[line - 1].rstrip("\r") if 0 < line <= len(text) else ""


def _text(file: str, identity: str, bounds: Bounds | None) -> str:
    """The text of a plain file, which is really `identity`; raises OSError or ValueError."""
    if not file:
        raise ValueError("a path cannot contain a zero byte")
    if bounds and not bounds.allow(identity):
        raise ValueError(f"it leads out of the project, to {identity}: {ALLOW}")
    if not stat.S_ISREG(Path(file).stat().st_mode):
        raise ValueError("it is no plain file")  # opening a pipe would wait for ever
    with Path(file).open("rb") as stream:
        data = stream.read(LARGEST_FILE * 4 + 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ValueError(f"it is not UTF-8 text, beginning with line {line}") from error
