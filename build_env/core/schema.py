"""Owns the check of data against its shape: it reports everything that does not fit, each with its path.

Knows nothing of files: whoever read the data knows where a path stands (`located`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, Location
from build_env.core.shapes import Decimal, Either, Fields, Items, Number, Size, Table, Text, Truth, Whole
from build_env.core.sizes import SIZE_EXAMPLE, parse_size
from build_env.core.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from build_env.core.shapes import Shape

__all__ = ["Misfit", "Path", "fitted", "located", "text_fits"]

_LENGTH = 80  # of what is shown of a value
Path = tuple[str | int, ...]  # names of fields and positions in lists, from the outside


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """What does not fit at a path; the path of a field that is missing is where it should be."""

    path: Path
    message: str

    def __str__(self) -> str:
        """`partitions[0].size: MESSAGE`."""
        return f"{_dotted(self.path)}: {self.message}" if self.path else self.message


def fitted(shape: Shape, value: object) -> tuple[object, tuple[Misfit, ...]]:
    """`value` as `shape` wants it (with defaults, sizes as bytes), and everything in it that does not fit.

    Of what does not fit nothing may be used.
    """
    check = _Check()
    return check.fit(shape, value, ()), tuple(check.misfits)


def text_fits(shape: Text, text: str) -> bool:
    """Whether a text is one of the shape."""
    if not text:
        return shape.blank
    if shape.choices:
        return text in shape.choices
    return (not shape.pattern or bool(re.fullmatch(shape.pattern, text))) and (not shape.check or shape.check(text))


def located(misfits: Iterable[Misfit], where: Callable[[Path], Location | None], file: str) -> tuple[Fault, ...]:
    """The misfits with their places: that of the path, else of the nearest map or list around it, else the `file`."""
    faults = []
    for misfit in misfits:
        outward = (misfit.path[:length] for length in range(len(misfit.path), -1, -1))
        place = next((place for path in outward if (place := where(path))), Location(file=file))
        faults.append(Fault(message=str(misfit), location=place))
    return tuple(faults)


class _Check:
    """Collects what does not fit."""

    def __init__(self) -> None:
        self.misfits: list[Misfit] = []

    def fit(self, shape: Shape, value: object, path: Path) -> object:
        """`value` as `shape` wants it."""
        match shape:
            case Fields():
                return self._fields(shape, value, path)
            case Table():
                return self._table(shape, value, path)
            case Items():
                return self._items(shape, value, path)
            case Either():
                return self._either(shape, value, path)
            case _:
                scalar = _scalar(shape, value)
                if isinstance(scalar, _Refusal):
                    self._note(path, scalar.message)
                    return value
                return scalar

    def _note(self, path: Path, message: str) -> None:
        self.misfits.append(Misfit(path=path, message=message))

    def _fields(self, shape: Fields, value: object, path: Path) -> dict[str, object]:
        if not isinstance(value, dict):
            self._note(path, f"a map is expected, not {_kind(value)}")
            return {}
        for name in value:
            if name not in shape.fields:
                near = did_you_mean(str(name), shape.fields)
                listed = ", ".join(shape.fields)
                self._note((*path, name), f"there is no such {shape.noun}{near}; {shape.noun}s: {listed}")
        result: dict[str, object] = {}
        for name, declared in shape.fields.items():
            if name in value:
                result[name] = self.fit(declared.shape, value[name], (*path, name))
            else:
                result[name] = declared.default
                if declared.required:
                    self._note((*path, name), f"is missing: {declared.summary}")
        return result

    def _table(self, shape: Table, value: object, path: Path) -> dict[str, object]:
        if not isinstance(value, dict):
            self._note(path, f"a map is expected, not {_kind(value)}")
            return {}
        for name in value:
            if shape.keys and isinstance(refusal := _text(shape.keys, name), _Refusal):
                self._note((*path, str(name)), refusal.message)
        return {str(name): self.fit(shape.each, item, (*path, str(name))) for name, item in value.items()}

    def _items(self, shape: Items, value: object, path: Path) -> list[object]:
        if not isinstance(value, list):
            self._note(path, f"a list is expected, not {_kind(value)}")
            return []
        if len(value) < shape.least:
            self._note(path, f"at least {shape.least} is needed")
        if shape.most is not None and len(value) > shape.most:
            self._note(path, f"at most {shape.most} can be given")
        return [self.fit(shape.each, item, (*path, index)) for index, item in enumerate(value)]

    def _either(self, shape: Either, value: object, path: Path) -> object:
        """The first option that fits. A list or a map is told what is wrong inside it, by the last option for it."""
        inside: tuple[Misfit, ...] = ()
        for option in shape.options:
            check = _Check()
            result = check.fit(option, value, path)
            if not check.misfits:
                return result
            if isinstance(value, list) and isinstance(option, Items):
                inside = tuple(check.misfits)
        if inside:
            self.misfits += inside
        else:
            self._note(path, f"{shape.words} is expected, not {_shown(value)}")
        return value


@dataclass(frozen=True)
class _Refusal:
    """Why a value is none of a shape."""

    message: str


def _scalar(shape: Text | Size | Number | Whole | Decimal | Truth, value: object) -> object:
    match shape:
        case Text():
            return _text(shape, value)
        case Size():
            return _size(shape, value)
        case Number():
            return _choice(shape, value)
        case Truth():
            return value if isinstance(value, bool) else _Refusal(f"true or false is expected, not {_kind(value)}")
        case Whole() | Decimal():
            return _number(shape, value)


def _text(shape: Text, value: object) -> str | _Refusal:
    if not isinstance(value, str):
        return _Refusal(f"{shape.words} is expected, not {_kind(value)}")
    if re.search("[\ud800-\udfff]", value):
        return _Refusal(f"{_shown(value)} is no text: it has half of a surrogate pair")
    if text_fits(shape, value):
        return value
    if shape.choices:
        listed = ", ".join(shape.choices)
        return _Refusal(f"{_shown(value)} is not known{did_you_mean(value, shape.choices)}; known: {listed}")
    return _Refusal(f"{_shown(value)} is not {shape.words}")


def _size(shape: Size, value: object) -> int | _Refusal:
    size = parse_size(value) if isinstance(value, str) else value
    if isinstance(size, bool) or not isinstance(size, int):
        return _Refusal(f"{_shown(value)} is not {SIZE_EXAMPLE}, or a whole number of bytes")
    return size if size >= shape.least else _Refusal(f"{_shown(size)} is less than {shape.least}")


def _choice(shape: Number, value: object) -> int | _Refusal:
    for number in shape.choices:
        if value == str(number) or (value == number and isinstance(value, int)):
            return number
    return _Refusal(f"{' or '.join(map(str, shape.choices))} is expected, not {_shown(value)}")


def _number(shape: Whole | Decimal, value: object) -> float | _Refusal:
    words = "a whole number" if isinstance(shape, Whole) else "a number"
    types = int if isinstance(shape, Whole) else (int, float)
    if isinstance(value, bool) or not isinstance(value, types):
        return _Refusal(f"{words} is expected, not {_shown(value)}")
    if not shape.least <= value < float("inf"):
        return _Refusal(f"{words} of {shape.least} or more is expected, not {_shown(value)}")
    return value


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


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
