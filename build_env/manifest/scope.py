"""Owns the variables of a compile: which definition a name has, and the order where double definitions are allowed.

Knows nothing of values: a shape is a definition, or a map of shapes where dotted names have a common beginning.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from build_env.manifest.nodes import Mapping

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Node, Place

__all__ = ["UNSET", "Definition", "Order", "Scope", "Shape"]

Order: TypeAlias = tuple[tuple[int, int], ...]
UNSET = object()


@dataclass(slots=True, eq=False, kw_only=True)
class Definition:
    """A name's value: a node that is evaluated when it is first used, or data that was `given`.

    A `default` counts where nothing else defines the name, the first one in the order of the document.
    """

    path: tuple[str, ...]
    place: Place
    node: Node | None = None
    frame: Frame | None = None
    order: Order = ()
    origin: str = "define"
    value: object = UNSET
    busy: bool = False
    default: bool = False

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(self.path)

    @property
    def is_space(self) -> bool:
        """Whether it is an empty map: it says nothing about names below it, and stands in the way of other values."""
        return isinstance(self.node, Mapping) and not self.node.entries


Shape: TypeAlias = "Definition | dict[str, Shape]"


@dataclass(kw_only=True)
class Scope:
    """All definitions; `blocks` are define blocks whose names only a directive's result tells.

    Of names that are `clashed`, with all below, a fault was reported: what uses them stays silent.
    """

    faults: Faults
    allow_redefine: bool
    names: dict[str, Shape] = field(default_factory=dict)
    ordered: dict[str, list[Definition]] = field(default_factory=dict)
    defaults: dict[str, Shape] = field(default_factory=dict)
    blocks: list[Definition] = field(default_factory=list)
    every: list[Definition] = field(default_factory=list)
    seen: set[tuple[Place, tuple[str, ...], int]] = field(default_factory=set)
    clashed: set[tuple[str, ...]] = field(default_factory=set)
    shapes: dict[tuple[str, int], Shape] = field(default_factory=dict)

    def add(self, definition: Definition) -> None:
        """A new definition; the same place again, through a second include, is no second definition."""
        this = definition.frame.this if definition.frame else None
        key = (definition.place, definition.path, id(this) if this else 0)
        again = key in self.seen and definition.place.line > 0
        self.seen.add(key)
        if again and not self.allow_redefine:
            return
        self.every.append(definition)
        if definition.default:
            _insert(self.defaults, definition)
            return
        if not definition.path:
            self.blocks.append(definition)
            return
        insort(self.ordered.setdefault(definition.path[0], []), definition, key=_order)
        self.shapes.clear()
        if not self.allow_redefine:
            other = _insert(self.names, definition)
            if other is not None:
                self._double(definition, other)

    def namespace(self, *path: str) -> None:
        """A name that holds an empty map unless something is defined below it."""
        level = self.names
        for part in path:
            inner = level.setdefault(part, {})
            if isinstance(inner, Definition):
                return
            level = inner

    def shape(self, name: str, order: Order) -> Shape | None:
        """What a name that begins with `name` finds at this place of the document."""
        return _over(self._defined(name, order), self.defaults.get(name))

    def _defined(self, name: str, order: Order) -> Shape | None:
        if not self.allow_redefine or name not in self.ordered:
            return self.names.get(name)
        definitions = self.ordered[name]
        visible = bisect_left(definitions, order, key=_order)
        key = (name, visible)
        if key not in self.shapes:
            self.shapes[key] = _shape(definitions[:visible], definitions[visible:])[name]
        return self.shapes[key]

    def later_block(self, name: str, order: Order) -> Iterator[Definition]:
        """The blocks that may give `name` anew at this place of the document, the last one first."""
        if self.allow_redefine and self.blocks:
            definitions = self.ordered.get(name, [])
            visible = bisect_left(definitions, order, key=_order)
            last = definitions[visible - 1].order if visible else ()
            between = [block for block in self.blocks if last < block.order < order]
            yield from sorted(between, key=_order, reverse=True)

    def settle(self) -> None:
        """Everything is gathered: name what is defined again."""
        if not self.allow_redefine:
            return
        for definitions in self.ordered.values():
            tree: dict[str, Shape] = {}
            for definition in definitions:
                for other in _override(tree, definition):
                    if other.place != definition.place:
                        self._double(definition, other)

    def has_fault(self, path: tuple[str, ...]) -> bool:
        """Whether a fault was reported of something that `path` leads through."""
        return any(path[:end] in self.clashed for end in range(1, len(path)))

    def _double(self, new: Definition, old: Definition) -> None:
        first = f"first in {old.place.location}" if old.place.line else f"it is {old.origin} already"
        if old.place == new.place:
            first = "by two inputs of a customization: a variable has one value"
        message = f"{new.name} is defined twice, {first}" + (f" as {old.name}" if old.path != new.path else "")
        chain = new.frame.chain if new.frame else ()
        self.clashed |= {path[:end] for path in (new.path, old.path) for end in range(1, len(path) + 1)}
        report = self.faults.warn if self.allow_redefine else self.faults.add
        report(message, new.place, chain)


def _order(definition: Definition) -> Order:
    return definition.order


def _definitions(shape: Shape) -> Iterator[Definition]:
    waiting = [shape]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Definition):
            yield one
        else:
            waiting.extend(reversed(one.values()))


def _insert(names: dict[str, Shape], definition: Definition) -> Definition | None:
    """Put it in, or answer which definition is in its way."""
    level = names
    for part in definition.path[:-1]:
        inner = level.setdefault(part, {})
        if isinstance(inner, Definition):
            if not inner.is_space:
                return inner
            inner = level[part] = {}
        level = inner
    last = definition.path[-1]
    existing = level.get(last, {})
    if definition.is_space and (not isinstance(existing, Definition) or existing.is_space):
        level.setdefault(last, definition)
        return None
    other = next(_definitions(existing), None)
    if other is None:
        level[last] = definition
    return other


def _over(shape: Shape | None, below: Shape | None) -> Shape | None:
    """Definitions, and the defaults of names that they leave out."""
    if shape is None or not (isinstance(shape, dict) and isinstance(below, dict)):
        return below if shape is None else shape
    both = {name: _over(shape.get(name), below.get(name)) for name in (*below, *shape)}
    return {name: inner for name, inner in both.items() if inner is not None}


def _override(names: dict[str, Shape], definition: Definition) -> list[Definition]:
    """Put it in; the definitions that it replaces."""
    level = names
    replaced: list[Definition] = []
    for part in definition.path[:-1]:
        inner = level.setdefault(part, {})
        if isinstance(inner, Definition):
            replaced += [] if inner.is_space else [inner]
            inner = level[part] = {}
        level = inner
    last = definition.path[-1]
    existing = level.get(last, {})
    if not definition.is_space or isinstance(existing, Definition) or not existing:
        replaced += [one for one in _definitions(existing) if not (one.is_space and definition.is_space)]
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
