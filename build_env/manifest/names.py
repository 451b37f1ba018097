"""Owns names of variables and the references to them in texts: `$x`, `${x}`, `$$`. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "BadReference", "Part", "Reference", "is_key", "is_open", "is_path", "nested", "no_name", "parse", "references_in"
]  # fmt: skip

_WORDS = frozenset({"true", "false", "null"})  # also what a key is called that YAML reads as such a value
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.(?:[A-Za-z][A-Za-z0-9_]*|[0-9]+))*")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./+-]*")
_KEYS = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_/+-]+)*")
_NESTED = re.compile(r"\$\{([^${}]*)(\$(?:\{[^{}]*\}|[A-Za-z][A-Za-z0-9_]*))([^${}]*)\}")
_TOKEN = re.compile(r"\$(?:\$|\{([^{}]*)\}|([A-Za-z][A-Za-z0-9_]*(?:\.(?:[A-Za-z][A-Za-z0-9_]*|[0-9]+))*))")


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a variable; `exact` when all parts must exist, as in `${a.b}`; `optional` when it may be missing."""

    parts: tuple[str, ...]
    exact: bool
    optional: bool = False

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(self.parts)


@dataclass(frozen=True, slots=True)
class BadReference:
    """`${…}` around something that is no name."""

    text: str


Part: TypeAlias = str | Reference | BadReference


def no_name(text: str) -> str:
    """Why `text` cannot name one part of a variable, empty when it can."""
    if not _NAME.fullmatch(text):
        return f"{text!r} cannot name a variable: a letter, then letters, digits and underscores"
    if text in _WORDS:
        return f"{text!r} cannot name a variable: YAML reads it (as on, yes, off, no, ~) as a value and not as text"
    return ""


def is_path(text: str, *, keys: bool = False) -> bool:
    """Whether `text` may name a variable, or a place in one: names and numbers, `keys` of tables too, with dots."""
    return (_KEYS if keys else _PATH).fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether `text` is a key of a table and no name: it has a digit in front, or what no name has."""
    return _KEY.fullmatch(text) is not None and not _NAME.fullmatch(text)


def nested(text: str) -> str:
    """What `otk.variable` takes for a `${…}` that stands in another one, empty where none does."""
    found = _NESTED.search(_TOKEN.sub(lambda match: "" if match[0] == "$$" else match[0], text))
    if found is None:
        return ""
    return found[1] + (found[2] if found[3] else found[2].replace("{", "").replace("}", "")) + found[3]


def parse(text: str) -> tuple[Part, ...]:
    """The literal pieces of `text` and the references between them, empty pieces left out."""
    parts: list[Part] = []
    literal = ""
    end = 0
    for match in _TOKEN.finditer(text):
        literal += text[end : match.start()]
        end = match.end()
        part = _part(match)
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


def references_in(text: str, start: int) -> Iterator[tuple[str, int]]:
    """Each reference in `text` as it is written, and where it begins."""
    return ((match[0], match.start()) for match in _TOKEN.finditer(text, start) if not isinstance(_part(match), str))


def is_open(text: str) -> bool:
    """Whether a `${` is never closed: it is text, and hardly meant so."""
    return "${" in _TOKEN.sub("", text)


def _part(match: re.Match[str]) -> Part:
    braced, bare = match.groups()
    if bare:
        return Reference(tuple(bare.split(".")), exact=False)
    if braced is None:
        return "$"
    if not braced:
        return "${}"
    return Reference(tuple(braced.split(".")), exact=True) if is_path(braced) else BadReference(braced)
