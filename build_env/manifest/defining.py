"""Owns what stands in an `otk.define`: names and maps of names, in the order of the document, into the scope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.directive import Role
from build_env.manifest.names import no_name
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, kind
from build_env.manifest.registry import PREFIX, find, unknown
from build_env.manifest.scope import Definition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.manifest.evaluate import Evaluation
    from build_env.manifest.frames import Frame

__all__ = ["define_block"]


def define_block(evaluation: Evaluation, node: Node, frame: Frame) -> list[Node]:
    """Add what a block defines to the scope; the values in which other directives stand."""
    block = _Block(evaluation=evaluation, frame=frame)
    block.enter(node, ())
    while block.levels:
        entries, path = block.levels[-1]
        entry = next(entries, None)
        if entry is None:
            block.levels.pop()
        elif entry.key.startswith(PREFIX):
            block.directive(entry, path)
        elif wrong := no_name(entry.key):
            block.fault(wrong, entry.place)
        else:
            block.name(entry, (*path, entry.key))
    return block.values


@dataclass(kw_only=True)
class _Block:
    """A block that is walked: the maps that are open, and what was found."""

    evaluation: Evaluation
    frame: Frame
    levels: list[tuple[Iterator[Entry], tuple[str, ...]]] = field(default_factory=list)
    values: list[Node] = field(default_factory=list)

    def fault(self, message: str, place: Place) -> None:
        self.evaluation.faults.add(message, place, self.frame.chain)

    def enter(self, node: Node, path: tuple[str, ...]) -> None:
        """What follows an `otk.define`, or a map of names."""
        if isinstance(node, Mapping):
            self.evaluation.scope.namespace(*path)
            self.levels.append((iter(node.entries), path))
        elif isinstance(node, Scalar) and node.value is None:
            self.evaluation.faults.warn("this define is empty", node.place, self.frame.chain)
        else:
            self.fault(f"otk.define takes a map of names and values, this is {kind(node)}", node.place)

    def name(self, entry: Entry, path: tuple[str, ...]) -> None:
        """A name and its value; a map is names of its own, unless it is one directive or empty."""
        node = entry.node
        if isinstance(node, Mapping) and node.entries and not (len(node.entries) == 1 and _replaces(node.entries[0])):
            self.enter(node, path)
        else:
            self.define(node, entry.place, path)

    def define(self, node: Node, place: Place, path: tuple[str, ...]) -> None:
        end = max(place, node.end) if place.file == node.end.file else place
        order = self.frame.at(end)
        self.evaluation.scope.add(Definition(path=path, place=place, node=node, frame=self.frame, order=order))
        if not isinstance(node, Scalar) and node.directives:
            self.values.append(node)

    def directive(self, entry: Entry, path: tuple[str, ...]) -> None:
        """A directive among names."""
        found = find(entry.key)
        if found is None:
            self.fault(unknown(entry.key), entry.place)
        elif found[0].name == "otk.define":
            self.enter(entry.node, path)
        elif found[0].role is not Role.REPLACED:
            said = f"{entry.key} is not allowed in an otk.define"
            if found[0].name == "otk.include":
                said += "; include a file that has an otk.define of its own"
                self.evaluation.variables.incomplete = True
            self.fault(said, entry.place)
        elif path:
            said = f"{entry.key} should not have siblings: it replaces the map where other names also stand"
            self.fault(said, entry.place)
        else:
            alone = Mapping((entry,), entry.place, entry.node.end, directives=True, weight=1)
            self.define(alone, entry.place, ())


def _replaces(entry: Entry) -> bool:
    found = find(entry.key) if entry.key.startswith(PREFIX) else None
    return found is not None and found[0].role is Role.REPLACED
