"""Owns the nodes of a parsed YAML document: immutable, each with its place. Knows nothing of directives' meaning."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from build_env.core.errors import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Entry", "Mapping", "Node", "Place", "Scalar", "Sequence", "Spot", "spot"]


class Place(NamedTuple):
    """Where something stands; a tuple, because there are as many places as nodes."""

    file: str
    line: int
    column: int

    @property
    def location(self) -> Location:
        """The place as errors carry it."""
        return Location(file=self.file, line=self.line, column=self.column)


class Spot(Place):
    """The place of a `text` that stands for that of the reference in it with this `number`, which faults look for."""

    text = ""
    number = 0


def spot(place: Place, text: str, number: int) -> Spot:
    """The place of a reference in the text at `place`."""
    made = tuple.__new__(Spot, place)  # half the time of calling it; there is one for each reference
    made.text, made.number = text, number
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """A text, number, truth value or nothing; `text` is as written, without its quotes."""

    value: str | int | float | bool | None
    text: str
    place: Place
    plain: bool = True

    @property
    def end(self) -> Place:
        """Where it stands: nothing is inside."""
        return self.place


class Entry(NamedTuple):
    """One entry of a mapping."""

    key: str
    place: Place
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list; `directives` says whether any key below starts with `otk.`; `weight` counts the nodes."""

    items: tuple[Node, ...]
    place: Place
    end: Place
    directives: bool
    weight: int


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """A map, its entries in the order of the document."""

    entries: tuple[Entry, ...]
    place: Place
    end: Place
    directives: bool
    weight: int

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def get(self, key: str) -> Node | None:
        """The node behind `key`."""
        return next((entry.node for entry in self.entries if entry.key == key), None)


Node: TypeAlias = Scalar | Sequence | Mapping


def plain(node: Node) -> object:
    """The data of a node as it is written, in which `$` and `otk.` mean nothing."""
    top: list[object] = []
    waiting: list[tuple[Node, Callable[[object], None]]] = [(node, top.append)]
    while waiting:  # no recursion: aliases may nest deeper than what is written
        one, put = waiting.pop()
        if isinstance(one, Mapping):
            entries: dict[str, object] = {}
            put(entries)
            waiting += [(inner, partial(entries.__setitem__, key)) for key, _, inner in reversed(one.entries)]
        elif isinstance(one, Sequence):
            items: list[object] = []
            put(items)
            waiting += [(item, items.append) for item in reversed(one.items)]
        else:
            put(one.value)
    return top[0]


def places(node: Node) -> dict[tuple[str | int, ...], tuple[Place, Place]]:
    """Where each path of the data stands: its key (for what has none the value), and its value."""
    paths: dict[tuple[str | int, ...], tuple[Place, Place]] = {(): (node.place, node.place)}
    waiting: list[tuple[tuple[str | int, ...], Node]] = [((), node)]
    while waiting:
        path, one = waiting.pop()
        inside: list[tuple[str | int, Place, Node]] = []
        if isinstance(one, Mapping):
            inside = [(key, place, inner) for key, place, inner in one.entries]
        elif isinstance(one, Sequence):
            inside = [(index, item.place, item) for index, item in enumerate(one.items)]
        paths |= {(*path, key): (place, inner.place) for key, place, inner in inside}
        waiting += [((*path, key), inner) for key, _, inner in inside]
    return paths


def kind(node: Node) -> str:
    """What a person calls it."""
    if isinstance(node, Scalar):
        return value_kind(node.value)
    return "a sequence" if isinstance(node, Sequence) else "a map"


def value_kind(value: object) -> str:
    """What a person calls a piece of data."""
    if value is None:
        return "null"
    for types, name in ((bool, "a truth value"), ((int, float), "a number"), (str, "text"), (dict, "a map")):
        if isinstance(value, types):
            return name
    return "a sequence"
