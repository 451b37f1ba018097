"""Owns finding everything that is reachable: defines, arguments, includes, targets, meta; until nothing new is found.

The path of an include may need variables that another file defines: such includes wait while anything else is found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Role
from build_env.manifest.directives.customization import defined_block
from build_env.manifest.directives.include import include_path
from build_env.manifest.evaluate import Evaluation, NotYet, drive
from build_env.manifest.names import is_name, is_path
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, Sequence, kind
from build_env.manifest.registry import PREFIX, find, unknown
from build_env.manifest.scope import Definition

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.sources import Sources

__all__ = ["Found", "Gathering"]


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
    path: tuple[str, ...] | None = None  # inside a define: the name so far


@dataclass(kw_only=True)
class Gathering:
    """Walks nodes; what it found is in its fields."""

    sources: Sources
    evaluation: Evaluation
    targets: dict[str, Found] = field(default_factory=dict)
    meta: list[Found] = field(default_factory=list)
    arguments: dict[str, tuple[Place, Frame]] = field(default_factory=dict)
    given: dict[str, str] = field(default_factory=dict)
    customizations: set[str] = field(default_factory=set)
    waiting: list[tuple[_Visit, Entry]] = field(default_factory=list)
    has_version: bool = False

    def walk(self, node: Node, frame: Frame, *, top: bool) -> None:
        """Look at everything below `node`."""
        stack = [_Visit(node, frame, top=top, file_top=top)]
        self._drain(stack)

    def settle(self) -> None:
        """Resolve the includes that wait until no more can be; what is left is reported."""
        progress = True
        while self.waiting and progress:
            progress = False
            waiting, self.waiting = self.waiting, []
            for visit, entry in waiting:
                stack: list[_Visit] = []
                before = len(self.waiting)
                self._include(visit, entry, stack)
                progress = progress or len(self.waiting) == before
                self._drain(stack)

    def report(self) -> None:
        """Say why the includes that still wait cannot be resolved."""
        for visit, entry in self.waiting:
            self._fault_of(visit, entry)
            self.evaluation.inclusions[id(entry.node), visit.frame] = None
            self.evaluation.incomplete = True
        self.waiting = []

    def check_paths(self) -> None:
        """An include whose path means something else now that everything is known contradicts itself."""
        for visit, entry, path in self._resolved:
            again = drive(include_path(self.evaluation, entry, visit.frame))
            if isinstance(again, str) and again != path:
                said = f"the path of this include was {path} and is {again} once that file is read"
                self.evaluation.faults.add(said, entry.place, visit.frame.chain)

    _resolved: list[tuple[_Visit, Entry, str]] = field(default_factory=list)

    def _fault_of(self, visit: _Visit, entry: Entry) -> None:
        drive(include_path(self.evaluation, entry, visit.frame))

    def _fault(self, message: str, place: Place, frame: Frame) -> None:
        self.evaluation.faults.add(message, place, frame.chain)

    def _drain(self, stack: list[_Visit]) -> None:
        while stack:
            visit = stack.pop()
            if visit.path is not None:
                self._block(visit, stack)
            elif isinstance(visit.node, Sequence):
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
            later.append(_Visit(entry.node, frame, path=()))
        elif name == "otk.include":
            self._include(visit, entry, later)
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
            written = entry.node.text if isinstance(entry.node, Scalar) else kind(entry.node)
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
            if not is_path(name) or not all(map(is_name, name.split("."))):
                said = f"{name!r} is no name" if name else f"a name is expected, this is {kind(item)}"
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
        later.extend(_Visit(block, self.evaluation.bound(frame, name, index)) for index in range(count))
        if not count:
            later.append(_Visit(block, frame))

    # --- defines ---

    def _block(self, visit: _Visit, stack: list[_Visit]) -> None:
        """A map inside a define."""
        node, path, frame = visit.node, visit.path or (), visit.frame
        if not isinstance(node, Mapping):
            if isinstance(node, Scalar) and node.value is None:
                self.evaluation.faults.warn("this define is empty", node.place, frame.chain)
            else:
                said = f"otk.define takes a map of names and values, this is {kind(node)}"
                self._fault(said, node.place, frame)
            return
        if not node.entries and path:
            self.evaluation.scope.namespace(path)
        later: list[_Visit] = []
        for entry in node.entries:
            if entry.key.startswith(PREFIX):
                self._inside_define(entry, visit, path, later)
            elif not is_name(entry.key):
                said = f"{entry.key!r} cannot name a variable: a letter, then letters, digits and underscores"
                self._fault(said, entry.place, frame)
            else:
                self._name(entry, visit, (*path, entry.key), later)
        stack.extend(reversed(later))

    def _inside_define(self, entry: Entry, visit: _Visit, path: tuple[str, ...], later: list[_Visit]) -> None:
        """A directive directly in a map of names."""
        frame = visit.frame
        found = find(entry.key)
        if found is None:
            self._fault(unknown(entry.key), entry.place, frame)
        elif found[0].name == "otk.define":
            later.append(_Visit(entry.node, frame, path=path))
        elif found[0].role is not Role.REPLACED:
            said = f"{entry.key} is not allowed in an otk.define"
            if found[0].name == "otk.include":
                said += "; include a file that has an otk.define of its own"
                self.evaluation.incomplete = True
            self._fault(said, entry.place, frame)
        elif path:
            said = f"{entry.key} should not have siblings: it replaces the map where other names also stand"
            self._fault(said, entry.place, frame)
        else:
            alone = Mapping((entry,), entry.place, entry.node.end, directives=True, weight=1)
            self._define(alone, entry.place, frame, ())
            later.append(_Visit(alone, frame))

    def _name(self, entry: Entry, visit: _Visit, path: tuple[str, ...], later: list[_Visit]) -> None:
        node = entry.node
        if isinstance(node, Mapping):
            replaced = [one for one in node.entries if _replaces(one.key)]
            if len(node.entries) != 1 or not replaced:
                later.append(_Visit(node, visit.frame, path=path))
                return
        self._define(node, entry.place, visit.frame, path)
        if not isinstance(node, Scalar) and node.directives:
            later.append(_Visit(node, visit.frame))

    def _define(self, node: Node, place: Place, frame: Frame, path: tuple[str, ...]) -> None:
        end = max(place, node.end) if place.file == node.end.file else place
        definition = Definition(path=path, place=place, node=node, frame=frame, order=frame.at(end))
        self.evaluation.scope.add(definition)

    # --- includes ---

    def _include(self, visit: _Visit, entry: Entry, later: list[_Visit]) -> None:
        frame, evaluation = visit.frame, self.evaluation
        key = (id(entry.node), frame)
        if key in evaluation.inclusions:
            return
        faults = len(evaluation.faults.faults)
        evaluation.gathering = True
        try:
            path = drive(include_path(evaluation, entry, frame))
        except NotYet:
            path = Absent.POISON
        finally:
            evaluation.gathering = False
            evaluation.forget()
        if len(evaluation.faults.faults) > faults:
            evaluation.faults.drop(faults)
        if not isinstance(path, str):
            self.waiting.append((visit, entry))
            return
        self._resolved.append((visit, entry, path))
        evaluation.inclusions[key] = self._read(path, visit, entry, later)

    def _read(self, path: str, visit: _Visit, entry: Entry, later: list[_Visit]) -> tuple[Node, Frame] | None:
        frame = visit.frame
        document = self.sources.include(path, frame.document.file)
        if isinstance(document, str):
            self._fault(document, entry.node.place, frame)
            self.evaluation.incomplete = True
            return None
        circle = [one for one in frame.upwards() if one.document is document]
        if circle:
            files = [one.document.file for one in frame.upwards()]
            chain = " → ".join([*reversed(files[: files.index(document.file) + 1]), document.file])
            self._fault(f"circular include from {frame.document.file}: {chain}", entry.place, frame)
            self.evaluation.incomplete = True
            return None
        if document.root is None:
            self.evaluation.incomplete = True
            return None
        inner = frame.inner(document, entry.place)
        root = document.root
        if not isinstance(root, Scalar):
            later.append(_Visit(root, inner, top=visit.top, file_top=True))
        elif not root.text and root.plain:
            root = Mapping((), root.place, root.place, directives=False, weight=1)  # only comments
        return root, inner


def _replaces(key: str) -> bool:
    found = find(key) if key.startswith(PREFIX) else None
    return found is not None and found[0].role is Role.REPLACED
