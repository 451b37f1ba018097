"""Owns the variables of a compile: which definition a name has, and the order where double definitions are allowed.

Knows nothing of values: a shape is a definition, or a map of shapes where dotted names have a common beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Node, Place

__all__ = ["UNSET", "Definition", "Scope", "Shape"]

Order: TypeAlias = tuple[tuple[int, int], ...]
UNSET = object()


@dataclass(slots=True, eq=False, kw_only=True)
class Definition:
    """A name's value: a node that is evaluated when it is first used, or data that was `given`."""

    path: tuple[str, ...]
    place: Place
    node: Node | None = None
    frame: Frame | None = None
    order: Order = ()
    origin: str = "define"
    value: object = UNSET
    busy: bool = False

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(self.path)


Shape: TypeAlias = "Definition | dict[str, Shape]"


@dataclass(kw_only=True)
class Scope:
    """All definitions; `blocks` are define blocks whose names only a directive's result tells."""

    faults: Faults
    allow_redefine: bool
    names: dict[str, Shape] = field(default_factory=dict)
    ordered: dict[str, list[Definition]] = field(default_factory=dict)
    blocks: list[Definition] = field(default_factory=list)
    every: list[Definition] = field(default_factory=list)
    known: set[tuple[Place, int]] = field(default_factory=set)
    shapes: dict[tuple[str, int], Shape] = field(default_factory=dict)

    def add(self, definition: Definition) -> None:
        """A new definition; the same place again, through a second include, is no second definition."""
        key = (definition.place, id(definition.frame.this) if definition.frame and definition.frame.this else 0)
        again = key in self.known and definition.place.line > 0
        self.known.add(key)
        if again and not self.allow_redefine:
            return
        self.every.append(definition)
        if not definition.path:
            self.blocks.append(definition)
            return
        self.ordered.setdefault(definition.path[0], []).append(definition)
        if not self.allow_redefine:
            other = _insert(self.names, definition)
            if other is not None:
                self._double(definition, other)

    def namespace(self, path: tuple[str, ...]) -> None:
        """A name that holds an empty map unless something is defined below it."""
        level: Shape = self.names
        for part in path:
            if isinstance(level, Definition):
                return
            level = level.setdefault(part, {})

    def shape(self, name: str, order: Order) -> Shape | None:
        """What a name that begins with `name` finds at this place of the document."""
        if not self.allow_redefine or name not in self.ordered:
            return self.names.get(name)
        definitions = self.ordered[name]
        visible = [definition for definition in definitions if definition.order < order]
        key = (name, len(visible))
        if key not in self.shapes:
            self.shapes[key] = _shape(visible, [one for one in definitions if one.order >= order])[name]
        return self.shapes[key]

    def settle(self) -> None:
        """Everything is gathered: sort, and name what is defined again."""
        self.shapes.clear()
        if not self.allow_redefine:
            return
        for definitions in self.ordered.values():
            definitions.sort(key=lambda definition: definition.order)
            tree: dict[str, Shape] = {}
            for definition in definitions:
                for other in _override(tree, definition):
                    if other.place != definition.place:
                        self._double(definition, other)

    def _double(self, new: Definition, old: Definition) -> None:
        first = f"first in {old.place.location}" if old.place.line else f"it is {old.origin} already"
        said = f"{new.name} is defined twice, {first}" + (f" as {old.name}" if old.path != new.path else "")
        chain = new.frame.chain if new.frame else ()
        report = self.faults.warn if self.allow_redefine else self.faults.add
        report(said, new.place, chain)


def _first(shape: Shape) -> Definition | None:
    while not isinstance(shape, Definition):
        if not shape:
            return None
        shape = next(iter(shape.values()))
    return shape


def _insert(names: dict[str, Shape], definition: Definition) -> Definition | None:
    """Put it in, or answer which definition is in its way."""
    level = names
    for part in definition.path[:-1]:
        inner = level.setdefault(part, {})
        if isinstance(inner, Definition):
            return inner
        level = inner
    last = definition.path[-1]
    other = _first(level[last]) if last in level else None
    if other is None:
        level[last] = definition
    return other


def _override(names: dict[str, Shape], definition: Definition) -> list[Definition]:
    """Put it in; the definitions that it replaces."""
    level = names
    replaced: list[Definition] = []
    for part in definition.path[:-1]:
        inner = level.setdefault(part, {})
        if isinstance(inner, Definition):
            replaced.append(inner)
            inner = level[part] = {}
        level = inner
    last = definition.path[-1]
    waiting = [level[last]] if last in level else []
    while waiting:
        shape = waiting.pop()
        if isinstance(shape, Definition):
            replaced.append(shape)
        else:
            waiting.extend(shape.values())
    level[last] = definition
    return replaced


def _shape(before: list[Definition], after: list[Definition]) -> dict[str, Shape]:
    """The last definition before the place wins, else the first after it."""
    tree: dict[str, Shape] = {}
    for definition in before:
        _override(tree, definition)
    for definition in after:
        _insert(tree, definition)
    return tree
