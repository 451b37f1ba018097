"""Owns finding what is reachable: defines, arguments, includes, targets, meta; until nothing new is found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.defining import define_block
from build_env.manifest.directive import Absent
from build_env.manifest.directives.customization import defined_block
from build_env.manifest.names import no_name
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, Sequence, kind
from build_env.manifest.registry import PREFIX, find, unknown
from build_env.manifest.scope import Definition

if TYPE_CHECKING:
    from collections.abc import Mapping as Data

    from build_env.manifest.evaluate import Evaluation
    from build_env.manifest.frames import Frame
    from build_env.manifest.inclusions import Included, Inclusions

__all__ = ["Found", "Gathering"]

_BOUND = 20  # what `this` of one input takes in memory, in values


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A directive with a name, and where it was found."""

    name: str
    entry: Entry
    frame: Frame


@dataclass(slots=True)
class _Visit:
    """A node to look at: `top` of a file that is at the top of the manifest; `file_top` of any file."""

    node: Node
    frame: Frame
    top: bool = False
    file_top: bool = False


@dataclass(kw_only=True)
class Gathering:
    """Walks nodes; what it found is in its fields."""

    inclusions: Inclusions
    evaluation: Evaluation
    given: Data[str, str]
    targets: dict[str, Found] = field(default_factory=dict)
    meta: list[Found] = field(default_factory=list)
    arguments: dict[str, tuple[Place, Frame]] = field(default_factory=dict)
    customizations: set[str] = field(default_factory=set)
    has_version: bool = False

    def walk(self, node: Node, frame: Frame, *, top: bool) -> None:
        """Look at everything below `node`."""
        self._drain([_Visit(node, frame, top=top, file_top=top)])

    def settle(self, *, defaults: bool = False) -> None:
        """Look at the files of the includes that had to wait."""
        for included in self.inclusions.settle(defaults=defaults):
            self._drain([_of_file(included)])

    def _fault(self, message: str, place: Place, frame: Frame) -> None:
        self.evaluation.faults.add(message, place, frame.chain)

    def _drain(self, stack: list[_Visit]) -> None:
        while stack:
            visit = stack.pop()
            self.evaluation.spend(1, visit.node.place, visit.frame)
            if isinstance(visit.node, Sequence):
                if visit.node.directives:
                    stack.extend(_Visit(item, visit.frame) for item in reversed(visit.node.items))
            elif isinstance(visit.node, Mapping) and visit.node.directives:
                self._map(visit, visit.node, stack)

    def _map(self, visit: _Visit, node: Mapping, stack: list[_Visit]) -> None:
        later: list[_Visit] = []
        for entry in node.entries:
            if not entry.key.startswith(PREFIX):
                later.append(_Visit(entry.node, visit.frame))
                continue
            found = find(entry.key)
            if found is None:
                self._fault(unknown(entry.key), entry.place, visit.frame)
                continue
            self._directive(found[0].name, found[1], visit, entry, later)
        stack.extend(reversed(later))

    def _directive(self, name: str, rest: str, visit: _Visit, entry: Entry, later: list[_Visit]) -> None:
        frame = visit.frame
        if name == "otk.define":
            later.extend(_Visit(node, frame) for node in define_block(self.evaluation, entry.node, frame))
        elif name == "otk.include":
            later.append(_Visit(entry.node, frame))
            included = self.inclusions.find(entry, frame, top=visit.top)
            if included is not None:
                later.append(_of_file(included))
        elif name == "otk.argument":
            self._argument(entry, frame)
        elif name == "otk.meta":
            if not isinstance(entry.node, Mapping):
                self._fault(f"{entry.key} takes a map, this is {kind(entry.node)}", entry.node.place, frame)
            self.meta.append(Found(rest, entry, frame))
            later.append(_Visit(entry.node, frame))
        elif name == "otk.target":
            self._target(rest, visit, entry)
        elif name == "otk.version":
            self._version(visit, entry)
        elif name == "otk.customization":
            self._customization(rest, entry, frame, later)
        else:
            later.append(_Visit(entry.node, frame))

    def _version(self, visit: _Visit, entry: Entry) -> None:
        value = entry.node.value if isinstance(entry.node, Scalar) else None
        if isinstance(value, bool) or value not in {1, "1"} or isinstance(value, float):
            written = entry.node.text if value is not None and isinstance(entry.node, Scalar) else kind(entry.node)
            self._fault(f"{entry.key} is {written}; there is only version 1", entry.node.place, visit.frame)
        if not visit.file_top:
            self._fault(f"{entry.key} stands at the top of a file only", entry.place, visit.frame)
        if visit.top:
            self.has_version = True

    def _target(self, name: str, visit: _Visit, entry: Entry) -> None:
        if not visit.top:
            self._fault(f"{entry.key} stands at the top of a manifest only", entry.place, visit.frame)
            return
        if not isinstance(entry.node, Mapping):
            said = f"{entry.key} takes a map, this is {kind(entry.node)}"
            self._fault(said, entry.node.place, visit.frame)
        other = self.targets.setdefault(name, Found(name, entry, visit.frame))
        if other.entry.place != entry.place:
            said = f"{entry.key} is given twice, first in {other.entry.place.location}"
            self._fault(said, entry.place, visit.frame)

    def _argument(self, entry: Entry, frame: Frame) -> None:
        if not isinstance(entry.node, Sequence):
            self._fault(f"{entry.key} takes a sequence of names, this is {kind(entry.node)}", entry.node.place, frame)
            return
        for item in entry.node.items:
            name = item.text if isinstance(item, Scalar) else ""
            wrong = next(filter(None, map(no_name, name.split("."))), "")
            if wrong:
                said = wrong if name else f"a name is expected, this is {kind(item)}"
                self._fault(f"{entry.key}: {said}", item.place, frame)
                continue
            if name in self.arguments:
                continue
            self.arguments[name] = (item.place, frame)
            value = self.given.get(name, Absent.POISON)
            definition = Definition(path=tuple(name.split(".")), place=item.place, origin="argument", value=value)
            definition.order = frame.at(item.place)
            self.evaluation.scope.add(definition)

    def _customization(self, name: str, entry: Entry, frame: Frame, later: list[_Visit]) -> None:
        self.customizations.add(name)
        if not isinstance(entry.node, Mapping):
            return  # reported by the evaluation
        count = len(self.evaluation.customizations.get(name, ()))
        block = defined_block(entry.node) if count else entry.node.get("default")
        if block is None:
            return
        self.evaluation.spend(_BOUND * count, entry.place, frame)
        later.extend(_Visit(block, self.evaluation.bound(frame, name, index)) for index in range(count))
        if not count:
            later.append(_Visit(block, frame))


def _of_file(included: Included) -> _Visit:
    return _Visit(included.node, included.frame, top=included.top, file_top=True)
