"""Owns evaluation: nodes and scope to data, lazily, without changing a node and without recursion.

Each evaluation is a generator that yields those it needs; `drive` keeps them on a list. So depth costs memory and no
stack: neither Python's limit of recursion nor the size of a thread's stack ends a chain of includes or variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent, Role, Step
from build_env.manifest.names import BadReference, Part, Reference, parse
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, Sequence, value_kind
from build_env.manifest.registry import PREFIX, find, unknown
from build_env.manifest.scope import UNSET, Definition, Scope, Shape

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Data

    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame

__all__ = ["Evaluation", "NotYet", "drive"]

_MOST_VALUES = 5_000_000
_MOST_TEXT = 64 * 1024 * 1024


class NotYet(Exception):
    """A variable is unknown while files may still be missing."""


def drive(step: Step) -> object:
    """Run an evaluation and everything it asks for."""
    waiting = [step]
    answer: object = None
    while waiting:
        try:
            asked = waiting[-1].send(answer)
        except StopIteration as done:
            waiting.pop()
            answer = done.value
        else:
            waiting.append(asked)  # type: ignore[arg-type]
            answer = None
    return answer


class Evaluation:
    """Evaluates nodes; asks `run_external` for programs. `gathering`: an unknown name raises NotYet."""

    def __init__(
        self,
        faults: Faults,
        scope: Scope,
        customizations: Data[str, tuple[object, ...]],
        run_external: Callable[[str, object, Entry, Frame], object],
    ) -> None:
        self.faults = faults
        self.scope = scope
        self.customizations = customizations
        self.run_external = run_external
        self.inclusions: dict[tuple[int, Frame], tuple[Node, Frame] | None] = {}
        self.gathering = False
        self.incomplete = False
        self.active: list[Definition] = []
        self.touched: list[Definition] = []
        self.values = 0
        self.characters = 0
        self.parsed: dict[str, tuple[Part, ...]] = {}
        self.results: dict[tuple[int, Frame], object] = {}

    # --- what directives ask ---

    def bound(self, frame: Frame, name: str, index: int) -> Frame:
        """`frame` with `this` bound to one input."""
        data = self.customizations[name][index]
        this: dict[str, object] = dict(data) if isinstance(data, dict) else {}
        this["data"] = data
        return frame.bound(name, index, this)

    def included(self, entry: Entry, frame: Frame) -> tuple[Node, Frame] | None:
        """The file behind an include, as it was gathered."""
        key = (id(entry.node), frame)
        if key not in self.inclusions:
            self.faults.add(f"{entry.key} is not allowed here", entry.place, frame.chain)
        return self.inclusions.get(key)

    def spend(self, count: int, place: Place, frame: Frame) -> bool:
        """Count values that are made anew."""
        self.values += count
        if self.values > _MOST_VALUES:
            self.faults.add(f"this makes more than {_MOST_VALUES:,} values", place, frame.chain)
            return False
        return True

    def external(self, name: str, tree: object, entry: Entry, frame: Frame) -> Step:
        """Run the program once, then resolve what it answers."""
        key = (id(entry.node), frame)
        if key not in self.results:
            node = self.run_external(name, tree, entry, frame)
            if isinstance(node, Absent):
                self.results[key] = node
            else:
                self.results[key] = yield self.value(node, frame)  # type: ignore[arg-type]
        return self.results[key]

    def known(self, name: str, frame: Frame) -> bool:
        """Whether the variable is there, as far as names tell."""
        first, *rest = name.split(".")
        if first == "this" and frame.this is not None:
            return not rest or rest[0] in frame.this
        shape = self.scope.shape(first, ())
        for part in rest:
            if isinstance(shape, dict):
                shape = shape.get(part)
        return shape is not None

    def lookup(self, name: str, place: Place, frame: Frame) -> Step:
        """The whole value of a variable."""
        found = yield self._resolve(Reference(tuple(name.split(".")), exact=True), place, frame)
        return found[0] if isinstance(found, tuple) else found

    # --- nodes ---

    def value(self, node: Node, frame: Frame) -> Step:
        """The data of a node."""
        if isinstance(node, Scalar):
            if isinstance(node.value, str) and "$" in node.value:
                return (yield self._text(node.value, node.place, frame))
            return node.value
        if isinstance(node, Sequence):
            return (yield self._sequence(node, frame))
        return (yield self._mapping(node, frame))

    def _sequence(self, node: Sequence, frame: Frame) -> Step:
        result: list[object] = []
        for item in node.items:
            value = _quick(item)
            if value is UNSET:
                value = yield self.value(item, frame)
            if value is Absent.REMOVED:
                continue
            if isinstance(value, list) and _is_customization(item):
                result.extend(value)
            else:
                result.append(value)
        return result

    def _mapping(self, node: Mapping, frame: Frame) -> Step:
        result: dict[str, object] = {}
        whole: tuple[Entry, object] | None = None
        data = False
        for entry in node.entries:
            if entry.key.startswith(PREFIX):
                value = yield self._directive(node, entry, frame)
                if value is UNSET:
                    continue
                if not isinstance(value, tuple):
                    if data or whole is not None:
                        return self._clash(entry, value, frame)
                    whole = (entry, value)
                    continue
                result.update(value[0])
            else:
                value = _quick(entry.node)
                if value is UNSET:
                    value = yield self.value(entry.node, frame)
                if value is not Absent.REMOVED:
                    result[entry.key] = value
            data = True
            if whole is not None:
                return self._clash(whole[0], whole[1], frame)
        return result if whole is None else whole[1]

    def _directive(self, node: Mapping, entry: Entry, frame: Frame) -> Step:
        """What a directive gives instead of its map; in a tuple what joins the map; UNSET when it leaves nothing."""
        directive, rest = find(entry.key) or (None, "")
        if directive is None:
            self.faults.add(unknown(entry.key), entry.place, frame.chain)
        if directive is None or directive.evaluate is None:
            return UNSET
        if directive.role is Role.REPLACED and not self._alone(node, entry, frame):
            return Absent.POISON
        value = yield directive.evaluate(self, entry, rest, frame)
        return (value,) if directive.role is Role.MERGED and isinstance(value, dict) else value

    def _alone(self, node: Mapping, entry: Entry, frame: Frame) -> bool:
        """Whether a directive that replaces its map stands alone in it."""
        for other in node.entries:
            if other is entry:
                continue
            found = find(other.key) if other.key.startswith(PREFIX) else None
            if found is None or found[0].role is not Role.SILENT:
                keys = ", ".join(one.key for one in node.entries if one is not entry)
                said = f"{entry.key} should not have siblings: it replaces the map where {keys} also stands"
                self.faults.add(said, entry.place, frame.chain)
                return False
        return True

    def _clash(self, entry: Entry, value: object, frame: Frame) -> object:
        if not isinstance(value, Absent):
            said = f"{entry.key} gives {value_kind(value)}: this cannot stand in a map with other keys"
            self.faults.add(said, entry.place, frame.chain)
        return Absent.POISON

    # --- texts ---

    def _text(self, text: str, place: Place, frame: Frame) -> Step:
        parts = self.parsed.get(text)
        if parts is None:
            parts = self.parsed[text] = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            found = yield self._resolve(parts[0], place, frame)
            if not isinstance(found, tuple):
                return found
            value, rest = found
            if not rest:
                return value
            return self._embedded(value, parts[0], rest, place, frame)
        return (yield self._pieces(parts, place, frame))

    def _pieces(self, parts: tuple[Part, ...], place: Place, frame: Frame) -> Step:
        """One text of literal pieces and variables."""
        pieces: list[str] = []
        for part in parts:
            if isinstance(part, str):
                pieces.append(part)
                continue
            piece: object = Absent.POISON
            if isinstance(part, BadReference):
                said = f"{part.text!r} is no name of a variable; write $${{{part.text}}} for the text itself"
                self.faults.add(said, place, frame.chain)
            else:
                found = yield self._resolve(part, place, frame)
                if isinstance(found, tuple):
                    piece = self._embedded(found[0], part, found[1], place, frame)
            if not isinstance(piece, str):
                return Absent.POISON
            pieces.append(piece)
        result = "".join(pieces)
        self.characters += len(result)
        if self.characters > _MOST_TEXT:
            self.faults.add(
                f"texts with variables are larger than {_MOST_TEXT // 1024 // 1024} MiB", place, frame.chain
            )
            return Absent.POISON
        return result

    def _embedded(self, value: object, part: Reference, rest: tuple[str, ...], place: Place, frame: Frame) -> object:
        if value is Absent.POISON:
            return value
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return ".".join((str(value), *rest))
        name = ".".join(part.parts[: len(part.parts) - len(rest)])
        what = "nothing: it was removed" if value is Absent.REMOVED else value_kind(value)
        said = f"{name} is {what}: only text and numbers can stand inside a text"
        if rest and isinstance(value, dict):
            said += f"; it has no {rest[0]}{did_you_mean(rest[0], value)}"
        self.faults.add(said, place, frame.chain)
        return Absent.POISON

    # --- names ---

    def _resolve(self, reference: Reference, place: Place, frame: Frame) -> Step:
        """The value and the parts of the name that are not used up, or POISON."""
        first = reference.parts[0]
        used = 1
        value: object
        if first == "this" and frame.this is not None:
            value = frame.this
        else:
            shape = self.scope.shape(first, frame.at(place) if self.scope.allow_redefine else ())
            if shape is None:
                value = yield self._from_blocks(first)
                if value is UNSET:
                    return self._unknown(reference.name, first, self._names(frame), place, frame)
            else:
                found = yield self._follow(shape, reference, place, frame)
                if not isinstance(found, tuple):
                    return found
                value, used = found
        if used == len(reference.parts) or value is Absent.POISON:
            return value if value is Absent.POISON else (value, ())
        return self._inside(value, reference, used, place, frame)

    def _follow(self, shape: Shape, reference: Reference, place: Place, frame: Frame) -> Step:
        """The value where the definitions end, and how many parts of the name led there; POISON after a fault."""
        used = 1
        while isinstance(shape, dict) and used < len(reference.parts) and reference.parts[used] in shape:
            shape = shape[reference.parts[used]]
            used += 1
        if isinstance(shape, Definition):
            if shape.value is UNSET:
                return (yield self.definition(shape, place, frame)), used
            return shape.value, used
        if used < len(reference.parts) and reference.exact:
            return self._unknown(reference.name, reference.parts[used], shape, place, frame)
        return (yield self._assembled(shape, place, frame)), used

    def _inside(self, value: object, reference: Reference, used: int, place: Place, frame: Frame) -> object:
        """Follow the other parts of a name into data."""
        parts = reference.parts
        while used < len(parts):
            part = parts[used]
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                break
            used += 1
        if value is Absent.POISON:
            return value
        if used < len(parts) and reference.exact:
            part = parts[used]
            if isinstance(value, dict):
                return self._unknown(reference.name, part, value, place, frame)
            said = f"{reference.name}: {'.'.join(parts[:used])} is {value_kind(value)} and has no {part}"
            self.faults.add(said, place, frame.chain)
            return Absent.POISON
        return value, parts[used:]

    def definition(self, definition: Definition, place: Place, frame: Frame) -> Step:
        """The value of a definition, evaluated once; `place` is where it is used."""
        if definition.value is not UNSET or definition.node is None or definition.frame is None:
            return definition.value
        if definition.busy:
            chain = self.active[self.active.index(definition) :]
            names = " → ".join(f"{one.name} ({one.place.location})" for one in (*chain, definition))
            self.faults.add(f"variables use each other in a circle: {names}", place, frame.chain)
            return Absent.POISON
        definition.busy = True
        self.touched.append(definition)
        self.active.append(definition)
        value = yield self.value(definition.node, definition.frame)
        self.active.pop()
        definition.busy = False
        definition.value = value
        return value

    def _assembled(self, shape: dict[str, Shape], place: Place, frame: Frame) -> Step:
        if not self.spend(len(shape), place, frame):
            return Absent.POISON
        result: dict[str, object] = {}
        for name, inner in shape.items():
            if isinstance(inner, dict):
                value = yield self._assembled(inner, place, frame)
            else:
                value = yield self.definition(inner, place, frame)
            if value is not Absent.REMOVED:
                result[name] = value
        return result

    def _from_blocks(self, name: str) -> Step:
        """The value of a name that a directive at the top of a define block gives."""
        for block in self.scope.blocks:
            if block.busy or block.frame is None:
                continue
            data = yield self.definition(block, block.place, block.frame)
            if isinstance(data, dict):
                if name in data:
                    return data[name]
            elif data is not Absent.REMOVED:
                return Absent.POISON
        return UNSET

    def _names(self, frame: Frame) -> list[str]:
        names = [*self.scope.names, *self.scope.ordered]
        return ["this", *names] if frame.this is not None else names

    def _unknown(self, name: str, part: str, others: object, place: Place, frame: Frame) -> object:
        if self.gathering:
            raise NotYet(name)
        if self.incomplete:
            return Absent.POISON
        hint = did_you_mean(
            part, [other for other in others if isinstance(other, str)] if hasattr(others, "__iter__") else []
        )
        if part == "this":
            hint = "; it exists only in the block defined of a customization"
        said = f"could not resolve {name}: {part} is not defined{hint}"
        self.faults.add(said, place, frame.chain)
        return Absent.POISON

    def forget(self) -> None:
        """Nothing that was evaluated before everything was gathered is kept; programs do not run again."""
        for definition in self.touched:
            definition.value = UNSET
            definition.busy = False
        self.touched.clear()
        self.active.clear()
        self.results.clear()


def _quick(node: Node) -> object:
    """The value when no other evaluation is needed for it, else UNSET."""
    if not isinstance(node, Scalar):
        return UNSET
    text = node.value
    return UNSET if isinstance(text, str) and "$" in text else text


def _is_customization(node: Node) -> bool:
    return isinstance(node, Mapping) and any(key.startswith("otk.customization.") for key, _, _ in node.entries)
