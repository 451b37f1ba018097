"""`otk.define`: global variables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.manifest.directive import PREFIX, Absent, Directive, Form, Role, Visit, drive
from build_env.manifest.names import is_key, no_name
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, kind
from build_env.manifest.scope import Definition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from build_env.manifest.frames import Frame
    from build_env.manifest.walker import Walker

__all__ = ["DEFAULT", "DEFINE", "check_definitions"]


@dataclass(kw_only=True)
class _Block:
    """A block that is walked: the maps that are open, and the values in which other directives stand."""

    walker: Walker
    frame: Frame
    default: bool
    levels: list[tuple[Iterator[Entry], tuple[str, ...]]] = field(default_factory=list)
    values: list[Node] = field(default_factory=list)

    def walk(self, node: Node) -> None:
        """Add what follows an `otk.define` to the scope, in the order of the document."""
        self.enter(node, ())
        while self.levels:
            entries, path = self.levels[-1]
            entry = next(entries, None)
            if entry is None:
                self.levels.pop()
            elif entry.key.startswith(PREFIX):
                self.directive(entry, path)
            elif wrong := no_name(entry.key):
                self.walker.fault(wrong, entry.place, self.frame)
            else:
                self.name(entry, (*path, entry.key))

    def enter(self, node: Node, path: tuple[str, ...]) -> None:
        """What follows an `otk.define`, or a map of names."""
        if isinstance(node, Mapping):
            self.walker.scope.namespace(*(() if self.default else path))
            self.levels.append((iter(node.entries), path))
        elif isinstance(node, Scalar) and node.value is None:
            self.walker.faults.warn("this define is empty", node.place, self.frame.chain)
        else:
            message = f"otk.define takes a map of names and values, this is {kind(node)}"
            self.walker.fault(message, node.place, self.frame)

    def name(self, entry: Entry, path: tuple[str, ...]) -> None:
        """A name and its value; a map is names of its own, unless it is one directive, a table or empty."""
        node = entry.node
        if isinstance(node, Mapping) and node.entries and not self.replaces(node) and not is_table(node):
            self.enter(node, path)
        else:
            self.define(node, entry.place, path)

    def replaces(self, node: Mapping) -> bool:
        """Whether a map is one directive that gives something in its place."""
        return len(node.entries) == 1 and self.walker.role(node.entries[0].key) is Role.REPLACED

    def define(self, node: Node, place: Place, path: tuple[str, ...]) -> None:
        """A value of a name; without a path a directive that gives names."""
        end = max(place, node.end) if place.file == node.end.file else place
        order = self.frame.at(end)
        definition = Definition(path=path, place=place, node=node, frame=self.frame, order=order, default=self.default)
        self.walker.scope.add(definition)
        if not isinstance(node, Scalar) and node.directives:
            self.values.append(node)

    def directive(self, entry: Entry, path: tuple[str, ...]) -> None:
        """A directive among names."""
        directive, _ = self.walker.directive(entry, self.frame) or (None, "")
        if directive is None:
            return
        if directive is DEFINE and not self.default:
            self.enter(entry.node, path)
        elif directive.role is not Role.REPLACED:
            message = f"{entry.key} is not allowed in an otk.define"
            if directive.role is Role.MERGED:
                message += "; include a file that has an otk.define of its own"
                self.walker.variables.incomplete = True
            self.walker.fault(message, entry.place, self.frame)
        elif path or self.default:
            message = f"{entry.key} should not have siblings: it replaces the map where other names also stand"
            self.walker.fault(message, entry.place, self.frame)
        else:
            alone = Mapping((entry,), entry.place, entry.node.end, directives=True, weight=1)
            self.define(alone, entry.place, ())


def is_table(node: Mapping) -> bool:
    """Whether a map is data, by release or distribution: a key in it, as "22.04" or "debian/12", is no name."""
    return any(is_key(entry.key) and not entry.key.startswith(PREFIX) for entry in node.entries)


def _gather(walker: Walker, visit: Visit, entry: Entry, _rest: str) -> Iterable[Visit]:
    block = _Block(walker=walker, frame=visit.frame, default=entry.key.startswith(DEFAULT.name))
    block.walk(entry.node)
    return [Visit(node, visit.frame) for node in block.values]


def check_definitions(walker: Walker) -> None:
    """Evaluate what nothing used, so that its faults are not hidden; another app's programs are not run."""
    walker.forcing = True
    for definition in walker.scope.every:
        if definition.frame is not None:
            drive(walker.variables.definition(definition, definition.place, definition.frame))
    seen: dict[str, Place] = {}
    for block in walker.scope.blocks:
        chain = block.frame.chain if block.frame else ()
        if isinstance(block.value, Absent):
            continue
        if not isinstance(block.value, dict):
            walker.faults.add("this gives no map, so it names no variables", block.place, chain)
            continue
        for name in block.value:
            if wrong := no_name(name):
                walker.faults.add(wrong, block.place, chain)
            other = seen.get(name) or next((one.place for one in walker.scope.ordered.get(name, ())), None)
            if other is not None:
                report = walker.faults.warn if walker.scope.allow_redefine else walker.faults.add
                report(f"{name} is defined twice, first in {other.location}", block.place, chain)
            seen[name] = block.place


DEFINE = Directive(
    name="otk.define",
    form=Form.TAG,
    role=Role.SILENT,
    summary="Defines variables for the whole manifest, wherever it stands. Maps inside it make dotted names.",
    value="a map of names and values; names are letters, digits and underscores",
    example="otk.define:\n  image:\n    boot_mode: uefi\nmode: $image.boot_mode\n",
    gather=_gather,
)
DEFAULT = replace(
    DEFINE,
    name="otk.default",
    summary="Defines variables for the case that no `otk.define` does, here or in what includes this file.",
    example="otk.default: {compress: zstd}\notk.define: {compress: xz}\nmethod: $compress\n",
)
