"""Owns names of variables and the references to them in texts: `$x`, `${x}`, `$$`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["BadReference", "Part", "Reference", "is_name", "is_path", "parse"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.(?:[A-Za-z][A-Za-z0-9_]*|[0-9]+))*")
_TOKEN = re.compile(r"\$(?:\$|\{([^{}]*)\}|([A-Za-z][A-Za-z0-9_]*(?:\.(?:[A-Za-z][A-Za-z0-9_]*|[0-9]+))*))")


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a variable; `exact` when all parts must exist, as in `${a.b}`."""

    parts: tuple[str, ...]
    exact: bool

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class BadReference:
    """`${…}` around something that is no name."""

    text: str


Part: TypeAlias = str | Reference | BadReference


def is_name(text: str) -> bool:
    """Whether `text` may name one part of a variable."""
    return _NAME.fullmatch(text) is not None


def is_path(text: str) -> bool:
    """Whether `text` may name a variable, or a place in one: names and numbers with dots."""
    return _PATH.fullmatch(text) is not None


def parse(text: str) -> tuple[Part, ...]:
    """The literal pieces of `text` and the references between them, empty pieces left out."""
    parts: list[Part] = []
    literal = ""
    end = 0
    for found in _TOKEN.finditer(text):
        literal += text[end : found.start()]
        end = found.end()
        part = _part(found)
        if isinstance(part, str):
            literal += part
            continue
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(part)
    literal += text[end:]
    if literal or not parts:
        parts.append(literal)
    return tuple(parts)


def _part(found: re.Match[str]) -> Part:
    braced, bare = found.groups()
    if bare:
        return Reference(tuple(bare.split(".")), exact=False)
    if braced is None:
        return "$"
    if not braced:
        return "${}"
    return Reference(tuple(braced.split(".")), exact=True) if is_path(braced) else BadReference(braced)
