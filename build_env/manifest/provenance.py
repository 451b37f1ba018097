"""Owns where values came from: the nodes of a finished compile walked once more, each path with the places behind it.

Looks only. Follows variables, includes, joins and customizations; what a program gave is named as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Role
from build_env.manifest.directives.customization import defined_block
from build_env.manifest.evaluate import drive
from build_env.manifest.names import Reference, parse
from build_env.manifest.nodes import Entry, Mapping, Node, Scalar, Sequence
from build_env.manifest.registry import PREFIX, find
from build_env.manifest.scope import Definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.core.errors import Location
    from build_env.manifest.evaluate import Evaluation
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Place
    from build_env.manifest.scope import Shape

__all__ = ["Origin", "origins_of"]

_MOST_PATHS = 100_000  # a variable that is used often in variables that are used often makes a large tree
_MOST_NAMED = 5
_CUSTOMIZATION = "otk.customization"


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A place that had a part in a value.

    `kind`: text, define, argument, given, use, join, external, customization, override,
    added. `name` is that of a variable.
    """

    kind: str
    place: Location
    chain: tuple[Location, ...] = ()
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """A node to look at: `through` is how it was reached, the nearest place first.

    `start` is the index that the first item of a sequence has in the result. `inside`: the path itself has its origins
    already, and only what is in the node counts.
    """

    path: str
    node: Node
    frame: Frame
    through: tuple[Origin, ...] = ()
    start: int = 0
    inside: bool = False


def origins_of(evaluation: Evaluation, node: Node, frame: Frame) -> dict[str, tuple[Origin, ...]]:
    """The origins of each dotted path of the data of `node`: where the value itself stands, then what led to it."""
    walk = _Walk(evaluation)
    waiting = [_Visit(path="", node=node, frame=frame)]
    while waiting and len(walk.found) < _MOST_PATHS:
        # What is put last is taken first, and of two that give one path the last one of the document must win.
        waiting.extend(reversed(list(walk.look(waiting.pop()))))
    return walk.found


@dataclass
class _Walk:
    evaluation: Evaluation
    found: dict[str, tuple[Origin, ...]] = field(default_factory=dict)

    def look(self, visit: _Visit) -> Iterator[_Visit]:
        """Take note of one node; the nodes that are to be looked at next."""
        node = visit.node
        if isinstance(node, Scalar):
            return self._scalar(visit, node)
        if isinstance(node, Sequence):
            return self._sequence(visit, node)
        whole = _whole(node)
        return self._mapping(visit, node) if whole is None else self._replaced(visit, whole)

    # --- nodes ---

    def _scalar(self, visit: _Visit, node: Scalar) -> Iterator[_Visit]:
        parts = parse(node.value) if isinstance(node.value, str) and "$" in node.value else ()
        if len(parts) == 1 and isinstance(parts[0], Reference):
            yield from self._variable(visit, parts[0], node.place)
            return
        references = [part for part in parts if isinstance(part, Reference)]
        shapes = [self._shape(reference, visit.frame.at(node.place))[0] for reference in references]
        used = [_of(shape) for shape in shapes if isinstance(shape, Definition)]
        self._note(visit, _own(node, visit.frame), *used)

    def _sequence(self, visit: _Visit, node: Sequence) -> Iterator[_Visit]:
        self._note(visit, _own(node, visit.frame))
        yield from self._items(visit, node, flat=False)

    def _mapping(self, visit: _Visit, node: Mapping) -> Iterator[_Visit]:
        self._note(visit, _own(node, visit.frame))
        for entry in node.entries:
            if not entry.key.startswith(PREFIX):
                yield replace(visit, path=_inner(visit.path, entry.key), node=entry.node, start=0, inside=False)
            elif (included := self._included(entry, visit.frame)) is not None:
                yield replace(visit, node=included[0], frame=included[1], inside=True)

    def _items(self, visit: _Visit, node: Sequence, *, flat: bool) -> Iterator[_Visit]:
        """The items of a sequence, at the indexes they have in the result; `flat` puts in what is in each item."""
        index = visit.start
        for item in node.items:
            value = drive(self.evaluation.value(item, visit.frame)) if flat or node.directives else None
            if value is Absent.REMOVED:
                continue
            if isinstance(value, list) and (flat or self.evaluation.splices(item, visit.frame)):
                yield replace(visit, node=item, start=index, inside=True)
                index += len(value)
            elif flat:
                yield replace(visit, node=item, inside=True)
            else:
                yield replace(visit, path=_inner(visit.path, str(index)), node=item, start=0, inside=False)
                index += 1

    # --- directives ---

    def _replaced(self, visit: _Visit, entry: Entry) -> Iterator[_Visit]:
        """What stands in the place of a map that is one directive."""
        name = found[0].name if (found := find(entry.key)) else ""
        if name == "otk.include":
            included = self._included(entry, visit.frame)
            if included is not None:
                yield replace(visit, node=included[0], frame=included[1])
        elif name == "otk.variable":
            node = entry.node.get("name") if isinstance(entry.node, Mapping) else entry.node
            path = drive(self.evaluation.value(node, visit.frame)) if node is not None else None
            if node is not None and isinstance(path, str):
                yield from self._variable(visit, Reference(tuple(path.split(".")), exact=True), node.place)
            else:
                self._note(visit, _at(entry, "use", visit.frame))
        elif name == _CUSTOMIZATION:
            yield from self._customization(visit, entry)
        else:
            origin = _at(entry, "join" if name.startswith("otk.op.") else "external", visit.frame)
            self._note(visit, origin)
            values = entry.node.get("values") if isinstance(entry.node, Mapping) else None
            if origin.kind == "join" and isinstance(values, Sequence):
                yield from self._items(replace(visit, through=(origin, *visit.through)), values, flat=True)

    def _customization(self, visit: _Visit, entry: Entry) -> Iterator[_Visit]:
        node, frame, name = entry.node, visit.frame, entry.key.removeprefix(f"{_CUSTOMIZATION}.")
        origin = _at(entry, "customization", frame)
        inner = replace(visit, through=(origin, *visit.through))
        count = len(self.evaluation.customizations.get(name, ()))
        block = defined_block(node)
        default = node.get("default") if isinstance(node, Mapping) else None
        if not count and default is not None:
            yield replace(inner, node=default)
        elif count == 1 and block is not None:
            yield replace(inner, node=block, frame=self.evaluation.bound(frame, name, 0))
        elif block is not None:
            self._note(visit, origin)
            start = visit.start
            for index in range(count):
                bound = self.evaluation.bound(frame, name, index)
                value = drive(self.evaluation.value(block, bound))
                yield replace(inner, node=block, frame=bound, start=start, inside=True)
                start += len(value) if isinstance(value, list) else 0

    # --- variables ---

    def _variable(self, visit: _Visit, reference: Reference, place: Place) -> Iterator[_Visit]:
        """A value that is a variable as a whole is what the variable is made from."""
        use = Origin(kind="use", place=place.location, chain=visit.frame.chain)
        shape, rest = self._shape(reference, visit.frame.at(place))
        if isinstance(shape, Definition):
            yield from self._defined(visit, shape, rest, use)
            return
        leaves = list(_leaves(visit.path, shape or {}))
        self._note(visit, *(_of(definition) for _, definition in leaves[:_MOST_NAMED]), use)
        for path, definition in leaves:
            yield from self._defined(replace(visit, path=path, inside=False), definition, (), use)

    def _defined(self, visit: _Visit, definition: Definition, rest: tuple[str, ...], use: Origin) -> Iterator[_Visit]:
        through = (_of(definition), *self._redefined(definition), use, *visit.through)
        node = _inside(definition.node, rest)
        if node is not None and definition.frame is not None:
            yield replace(visit, node=node, frame=definition.frame, through=through)
        else:
            self._note(replace(visit, through=through))

    def _redefined(self, definition: Definition) -> Iterator[Origin]:
        """The definitions that `definition` takes the place of, the nearest first."""
        for other in reversed(self.evaluation.scope.ordered.get(definition.path[0], ())):
            length = min(len(other.path), len(definition.path))
            if other.order < definition.order and other.path[:length] == definition.path[:length]:
                yield replace(_of(other), kind="override")

    def _shape(self, reference: Reference, order: tuple[tuple[int, int], ...]) -> tuple[Shape | None, tuple[str, ...]]:
        """What is defined under a name as far as names lead, and the parts of the name that lead into its data."""
        shape = self.evaluation.scope.shape(reference.parts[0], order)
        for used, part in enumerate(reference.parts[1:], start=1):
            if not isinstance(shape, dict) or part not in shape:
                return shape, reference.parts[used:]
            shape = shape[part]
        return shape, ()

    # --- notes ---

    def _included(self, entry: Entry, frame: Frame) -> tuple[Node, Frame] | None:
        return self.evaluation.inclusions.get((id(entry.node), frame))

    def _note(self, visit: _Visit, *origins: Origin) -> None:
        """The origins of the path of `visit`; what was there before is overridden."""
        if not visit.inside:
            before = [replace(origin, kind="override") for origin in self.found.get(visit.path, ())[:1]]
            self.found[visit.path] = (*origins, *visit.through, *before)


def _whole(node: Mapping) -> Entry | None:
    """The directive that gives something in the place of the map in which it stands."""
    telling = []
    for entry in node.entries:
        found = find(entry.key) if entry.key.startswith(PREFIX) else None
        if found is None or found[0].role is not Role.SILENT:
            telling.append(entry)
    return telling[0] if len(telling) == 1 and telling[0].key.startswith(PREFIX) else None


def _inside(node: Node | None, rest: tuple[str, ...]) -> Node | None:
    """The node to which the rest of a name leads, None where data is only known after evaluation."""
    for part in rest:
        if isinstance(node, Mapping):
            node = node.get(part)
        elif isinstance(node, Sequence) and not node.directives and part.isdigit() and int(part) < len(node.items):
            node = node.items[int(part)]
        else:
            return None
    return node


def _leaves(path: str, shape: Shape) -> Iterator[tuple[str, Definition]]:
    waiting = [(path, shape)]
    while waiting:
        at, inner = waiting.pop()
        if isinstance(inner, Definition):
            yield at, inner
        else:
            waiting += [(_inner(at, name), one) for name, one in reversed(inner.items())]


def _inner(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _at(entry: Entry, kind: str, frame: Frame) -> Origin:
    return Origin(kind=kind, place=entry.place.location, chain=frame.chain)


def _own(node: Node, frame: Frame) -> Origin:
    return Origin(kind="text", place=node.place.location, chain=frame.chain)


def _of(definition: Definition) -> Origin:
    kind = next((word for word in ("given", "argument") if word in definition.origin), "define")
    chain = definition.frame.chain if definition.frame else ()
    return Origin(kind=kind, place=definition.place.location, chain=chain, name=definition.name)
