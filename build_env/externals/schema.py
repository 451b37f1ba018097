"""Owns the shapes of an external's arguments, and the check that reports everything that does not fit.

Knows nothing of any external. What fits comes back complete: with defaults, sizes as bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.sizes import SIZE_EXAMPLE, parse_size
from build_env.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Field", "Fields", "Items", "Number", "Shape", "Size", "Text", "Truth", "fitted"]

_LENGTH = 80  # of what is shown of a value


@dataclass(frozen=True, kw_only=True)
class Text:
    """Text that matches `pattern` whole; `words` say what that is. With `choices` one of these."""

    words: str = "text"
    pattern: str = r"(?s).+"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Size:
    """A number of bytes, or text such as 512M."""

    least: int = 0


@dataclass(frozen=True, kw_only=True)
class Number:
    """One of these numbers, also as text: what `-A` gives is text."""

    choices: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """True or false."""


@dataclass(frozen=True, kw_only=True)
class Items:
    """A list."""

    each: Shape
    least: int = 0


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a map; one that is not there is `default`."""

    shape: Shape
    summary: str
    required: bool = False
    default: object = None


@dataclass(frozen=True, kw_only=True)
class Fields:
    """A map with these fields and no others."""

    fields: Mapping[str, Field] = field(default_factory=dict)


Shape = Text | Size | Number | Truth | Items | Fields


def fitted(shape: Shape, value: object, where: str, faults: list[str]) -> object:
    """`value` as `shape` wants it; what does not fit is added to `faults`, each with its place."""
    match shape:
        case Fields():
            return _fields(shape, value, where, faults)
        case Items():
            return _items(shape, value, where, faults)
        case Text():
            return _text(shape, value, where, faults)
        case Size():
            return _size(shape, value, where, faults)
        case Number():
            return _number(shape, value, where, faults)
        case Truth():
            if not isinstance(value, bool):
                faults.append(f"{where}: true or false is expected, not {_kind(value)}")
            return value


def _fields(shape: Fields, value: object, where: str, faults: list[str]) -> object:
    if not isinstance(value, dict):
        faults.append(f"{where or 'the arguments'}: a map is expected, not {_kind(value)}")
        return {}
    for name in value:
        if name not in shape.fields:
            known = ", ".join(shape.fields)
            faults.append(
                f"{_inner(where, name)}: there is no such field{did_you_mean(str(name), shape.fields)}; fields: {known}"
            )
    found: dict[str, object] = {}
    for name, wanted in shape.fields.items():
        if name in value:
            found[name] = fitted(wanted.shape, value[name], _inner(where, name), faults)
        else:
            found[name] = wanted.default
            if wanted.required:
                faults.append(f"{_inner(where, name)}: is missing: {wanted.summary}")
    return found


def _items(shape: Items, value: object, where: str, faults: list[str]) -> object:
    if not isinstance(value, list):
        faults.append(f"{where}: a list is expected, not {_kind(value)}")
        return []
    if len(value) < shape.least:
        faults.append(f"{where}: at least {shape.least} is needed")
    return [fitted(shape.each, item, f"{where}[{index}]", faults) for index, item in enumerate(value)]


def _text(shape: Text, value: object, where: str, faults: list[str]) -> object:
    if not isinstance(value, str):
        faults.append(f"{where}: {shape.words} is expected, not {_kind(value)}")
        return ""
    if shape.choices and value not in shape.choices:
        known = ", ".join(shape.choices)
        faults.append(f"{where}: {_shown(value)} is not known{did_you_mean(value, shape.choices)}; known: {known}")
    elif not shape.choices and not re.fullmatch(shape.pattern, value, re.ASCII):
        faults.append(f"{where}: {_shown(value)} is not {shape.words}")
    elif re.search("[\ud800-\udfff]", value):
        faults.append(f"{where}: {_shown(value)} is no text: it has half of a surrogate pair")
    return value


def _size(shape: Size, value: object, where: str, faults: list[str]) -> object:
    size = parse_size(value) if isinstance(value, str) else value
    if isinstance(size, bool) or not isinstance(size, int):
        faults.append(f"{where}: {_shown(value)} is not {SIZE_EXAMPLE}, or a whole number of bytes")
        return shape.least
    if size < shape.least:
        faults.append(f"{where}: {_shown(size)} is less than {shape.least}")
        return shape.least
    return size


def _number(shape: Number, value: object, where: str, faults: list[str]) -> object:
    for number in shape.choices:
        if value == str(number) or (value == number and isinstance(value, int)):
            return number
    faults.append(f"{where}: {' or '.join(map(str, shape.choices))} is expected, not {_shown(value)}")
    return shape.choices[0]


def _inner(where: str, name: object) -> str:
    return f"{where}.{name}" if where else str(name)


def _shown(value: object) -> str:
    """The beginning of a text or a number; of all else what it is."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return _kind(value)
    text = repr(value)
    return text if len(text) <= _LENGTH else f"{text[:_LENGTH]}…"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "nothing" if value is None else _KINDS.get(type(value), type(value).__name__)


_KINDS: dict[type, str] = {
    dict: "a map",
    list: "a list",
    str: "text",
    int: "a number",
    float: "a number",
}
