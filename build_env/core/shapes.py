"""Owns the shapes that data written by people can have: settings, definitions of packages, arguments of externals.

Data only: `schema` checks values against them, `json_schema` prints them for other tools.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "Decimal",
    "Either",
    "Field",
    "Fields",
    "Items",
    "Number",
    "Shape",
    "Size",
    "Table",
    "Text",
    "Truth",
    "Whole",
]


@dataclass(frozen=True, kw_only=True)
class Text:
    r"""Text that matches `pattern` whole (empty: any); `words` say what that is. With `choices` one of these.

    The pattern has the same meaning in Python and in ECMA-262: no `(?s)`, no `\d`, `\s`, `\w`. `blank` lets an
    empty text pass, `check` says of one that matches whether it means something.
    """

    words: str = "text"
    pattern: str = ""
    choices: tuple[str, ...] = ()
    blank: bool = False
    check: Callable[[str], bool] | None = None


@dataclass(frozen=True, kw_only=True)
class Size:
    """A number of bytes, or text such as 512M."""

    least: int = 0


@dataclass(frozen=True, kw_only=True)
class Number:
    """One of these numbers, also as text: what `-A` gives is text."""

    choices: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A whole number of `least` or more."""

    least: int = 0


@dataclass(frozen=True, kw_only=True)
class Decimal:
    """A finite number of `least` or more."""

    least: int = 0


@dataclass(frozen=True, kw_only=True)
class Truth:
    """True or false."""


@dataclass(frozen=True, kw_only=True)
class Items:
    """A list of `least` to `most` values (None: any number)."""

    each: Shape
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A map from names that are chosen freely, or fit `keys`; `entry` stands for a name where the fields are listed."""

    each: Shape
    keys: Text | None = None
    entry: str = "NAME"


@dataclass(frozen=True, kw_only=True)
class Either:
    """What fits one of `options`; `words` say what that is."""

    options: tuple[Shape, ...]
    words: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a map; one that is not there is `default`."""

    shape: Shape
    summary: str
    required: bool = False
    default: object = None


@dataclass(frozen=True, kw_only=True)
class Fields:
    """A map with these fields and no others; `noun` is what a field is called."""

    fields: Mapping[str, Field] = field(default_factory=dict)
    noun: str = "field"


Shape = Text | Size | Number | Whole | Decimal | Truth | Items | Table | Either | Fields
