"""Owns fields as the rows of a Markdown table, for the reference of what people may write. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from build_env.core.shapes import Decimal, Either, Fields, Items, Number, Size, Table, Text, Truth, Whole
from build_env.core.sizes import SIZE_EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.core.shapes import Field, Shape

__all__ = ["field_table"]


def field_table(shape: Fields) -> list[str]:
    """The lines of a table with each field, those inside of others behind them as `room.memory`."""
    head = [f"| {shape.noun} | value | meaning | default |", "|---|---|---|---|"]
    return [*head, *(_row(path, declared) for path, declared in _fields(shape, ""))]


def _fields(shape: Shape, path: str) -> Iterator[tuple[str, Field]]:
    """Every field below a shape with its path."""
    match shape:
        case Fields():
            for name, declared in shape.fields.items():
                inner = f"{path}.{name}" if path else name
                yield inner, declared
                yield from _fields(declared.shape, inner)
        case Table():
            yield from _fields(shape.each, f"{path}.{shape.entry}")
        case Items():
            yield from _fields(shape.each, f"{path}[]")
        case _:
            return


def _row(path: str, declared: Field) -> str:
    cells = (f"`{path}`", _words(declared.shape), declared.summary, _default(declared))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(declared: Field) -> str:
    if declared.required:
        return "it must be there"
    return "" if declared.default in (None, "", [], {}) else f"`{json.dumps(declared.default)}`"


def _words(shape: Shape) -> str:
    """What a value of the shape is, in words."""
    match shape:
        case Fields():
            return "a map"
        case Table():
            return f"a map of names to {_plural(shape.each)}"
        case Items():
            return f"a list: {_words(shape.each)} each"
        case Either():
            return shape.words
        case _:
            return _scalar(shape)


def _scalar(shape: Text | Size | Number | Whole | Decimal | Truth) -> str:
    match shape:
        case Text():
            return " or ".join(f"`{choice}`" for choice in shape.choices) or shape.words
        case Size():
            return f"{SIZE_EXAMPLE}, or a number of bytes"
        case Number():
            return " or ".join(map(str, shape.choices))
        case Truth():
            return "`true` or `false`"
        case Whole() | Decimal():
            return f"a {'whole ' if isinstance(shape, Whole) else ''}number of {shape.least} or more"


def _plural(shape: Shape) -> str:
    return "maps" if isinstance(shape, Fields) else "texts" if isinstance(shape, Text) else _words(shape)
