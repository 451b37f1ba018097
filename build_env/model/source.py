"""Owns what is known of a source package before it is fetched: its version and files, each with its digest."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FoundSource", "Pinned", "SourceFile"]


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One file: its name, its SHA-256 in hexadecimal digits, its size in bytes, and where it can be fetched."""

    name: str
    sha256: str
    size: int
    url: str


@dataclass(frozen=True, kw_only=True)
class FoundSource:
    """A distribution's source package. `files` begin with the one that names the others, `known` are all versions."""

    name: str
    version: str
    files: tuple[SourceFile, ...]
    known: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The digest that pins all of it: that of the file that names the others."""
        return self.files[0].sha256


@dataclass(frozen=True, kw_only=True)
class Pinned:
    """What a package is made from for a target; `before` is the version that was pinned.

    `file` is the definition that it was written into; with `lines` it was not, and they are for a person to write.
    Without a `file` nothing changed: `source` is pinned already, or it is another version than is pinned.
    """

    package: str
    target: str
    source: FoundSource
    before: str = ""
    file: str = ""
    lines: tuple[str, ...] = ()
