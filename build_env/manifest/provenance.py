"""Owns where values came from: the nodes of a finished compile walked once more, each path with the places behind it.

Looks only; what a program or a customization gave is named as a whole, and not followed inside.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.names import Reference, parse
from build_env.manifest.nodes import Mapping, Scalar, Sequence
from build_env.manifest.registry import PREFIX
from build_env.manifest.scope import Definition

if TYPE_CHECKING:
    from build_env.core.errors import Location
    from build_env.manifest.evaluate import Evaluation
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node, Place

__all__ = ["Origin", "origins_of"]

_MOST_PATHS = 100_000  # a variable that is used often in variables that are used often makes a large tree
_WHOLE = {"external": "external", "customization": "customization"}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a value came from; `kind`: text, define, argument, given, include, override, external, customization."""

    kind: str
    place: Location
    chain: tuple[Location, ...] = ()


def origins_of(evaluation: Evaluation, node: Node, frame: Frame) -> dict[str, tuple[Origin, ...]]:
    """The origins of each dotted path of the data of `node`, the value itself first, then what it is made from."""
    walk = _Walk(evaluation)
    walk.waiting.append(("", node, frame, ()))
    while walk.waiting and len(walk.found) < _MOST_PATHS:
        walk.step(*walk.waiting.pop())
    return walk.found


@dataclass
class _Walk:
    evaluation: Evaluation
    found: dict[str, tuple[Origin, ...]] = field(default_factory=dict)
    waiting: list[tuple[str, Node, Frame, tuple[Origin, ...]]] = field(default_factory=list)

    def step(self, path: str, node: Node, frame: Frame, through: tuple[Origin, ...]) -> None:
        """Take note of one node; `through` are the definitions by which it was reached."""
        kind = "include" if frame.chain and not through else "text"
        own = (Origin(kind=kind, place=node.place.location, chain=frame.chain), *through)
        if isinstance(node, Scalar):
            self._scalar(path, node, frame, own)
        elif isinstance(node, Sequence):
            self._put(path, own)
            if not node.directives:  # an item that is removed or spliced in would move the others
                for index, item in enumerate(node.items):
                    self.waiting.append((_inner(path, str(index)), item, frame, through))
        else:
            self._mapping(path, node, frame, own, through)

    def _scalar(self, path: str, node: Scalar, frame: Frame, own: tuple[Origin, ...]) -> None:
        parts = parse(node.value) if isinstance(node.value, str) and "$" in node.value else ()
        references = [part for part in parts if isinstance(part, Reference)]
        definitions = [found for part in references if (found := self._definition(part, node.place, frame))]
        origins = (*own, *(_of(definition) for definition in definitions))
        self._put(path, origins)
        if len(parts) == len(definitions) == 1:
            self._into(path, definitions[0], origins)

    def _into(self, path: str, definition: Definition, origins: tuple[Origin, ...]) -> None:
        """A value that is a variable as a whole is what the variable is made from, too."""
        known = [origin.place for origin in origins[:-1]]
        if definition.node and definition.frame and definition.place.location not in known:
            if isinstance(definition.node, Scalar):
                if "$" in definition.node.text:
                    self.found.pop(path, None)
                    self.waiting.append((path, definition.node, definition.frame, origins))
            else:
                self.found.pop(path, None)
                self.waiting.append((path, definition.node, definition.frame, origins))

    def _mapping(
        self, path: str, node: Mapping, frame: Frame, own: tuple[Origin, ...], through: tuple[Origin, ...]
    ) -> None:
        self._put(path, own)
        # The last one wins, and what is put last is taken first.
        for entry in reversed(node.entries):
            if not entry.key.startswith(PREFIX):
                self.waiting.append((_inner(path, entry.key), entry.node, frame, through))
            else:
                self._directive(path, entry, frame, through)

    def _directive(self, path: str, entry: Entry, frame: Frame, through: tuple[Origin, ...]) -> None:
        name = entry.key.removeprefix(PREFIX)
        included = self.evaluation.inclusions.get((id(entry.node), frame))
        if name.startswith("include") and included is not None:
            self.waiting.append((path, *included, through))
        elif name == "variable" and isinstance(entry.node, Scalar):
            reference = Reference(tuple(entry.node.text.split(".")), exact=True)
            definition = self._definition(reference, entry.place, frame)
            if definition is not None:
                self._into(path, definition, (*through, _of(definition)))
        elif (word := name.split(".")[0]) in _WHOLE:
            whole = Origin(kind=_WHOLE[word], place=entry.place.location, chain=frame.chain)
            self.found[path] = (whole, *through)

    def _definition(self, reference: Reference, place: Place, frame: Frame) -> Definition | None:
        """The definition behind a name, as far as names lead."""
        scope = self.evaluation.scope
        shape = scope.shape(reference.parts[0], frame.at(place) if scope.allow_redefine else ())
        for part in reference.parts[1:]:
            if isinstance(shape, dict):
                shape = shape.get(part)
        return shape if isinstance(shape, Definition) else None

    def _put(self, path: str, origins: tuple[Origin, ...]) -> None:
        """What was there before is overridden."""
        before = tuple(
            Origin(kind="override", place=origin.place, chain=origin.chain) for origin in self.found.get(path, ())[:1]
        )
        self.found[path] = (*origins, *(before if path else ()))


def _inner(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _of(definition: Definition) -> Origin:
    kind = next((word for word in ("given", "argument") if word in definition.origin), "define")
    return Origin(
        kind=kind,
        place=definition.place.location,
        chain=definition.frame.chain if definition.frame else (),
    )
