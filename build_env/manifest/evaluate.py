"""Owns evaluation: nodes and scope to data, lazily, without changing a node and without recursion.

Each evaluation is a generator that yields those it needs; `drive` keeps them on a list. So depth costs memory and no
stack: neither Python's limit of recursion nor the size of a thread's stack ends a chain of includes or variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Role, Step, TooMuch
from build_env.manifest.names import BadReference, Part, Reference, is_open, parse
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, Sequence, value_kind
from build_env.manifest.registry import PREFIX, find, unknown
from build_env.manifest.scope import UNSET, Scope
from build_env.manifest.variables import MISSING, Variables

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Data

    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame

__all__ = ["Evaluation", "drive"]

_MOST_VALUES = 5_000_000
_MOST_TEXT = 64 * 1024 * 1024
_MOST_ANSWERING = 32
_CUSTOMIZATION = "otk.customization."


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
    """Evaluates nodes; asks `run_external` for the nodes that a program answers with."""

    def __init__(
        self,
        faults: Faults,
        scope: Scope,
        customizations: Data[str, tuple[object, ...]],
        run_external: Callable[[Faults, str, object, Entry, Frame], Node | Absent],
    ) -> None:
        self.faults = faults
        self.scope = scope
        self.variables = Variables(self, scope)
        self.customizations = customizations
        self.run_external = run_external
        self.inclusions: dict[tuple[int, Frame], tuple[Node, Frame] | None] = {}
        self.answering = 0
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
        """The file behind an include, None when it could not be read."""
        key = (id(entry.node), frame)
        if key not in self.inclusions:
            self.faults.add(f"{entry.key} is not allowed here", entry.place, frame.chain)
        return self.inclusions.get(key)

    def spend(self, count: int, place: Place, frame: Frame) -> None:
        """Count values that are made anew; raises TooMuch."""
        self.values += count
        if self.values > _MOST_VALUES:
            raise TooMuch(f"this makes more than {_MOST_VALUES:,} values", place, frame.chain)

    def external(self, name: str, tree: object, entry: Entry, frame: Frame) -> Step:
        """Ask the program, then resolve what it answers."""
        key = (id(entry.node), frame)
        if key not in self.results:
            answer = self.run_external(self.faults, name, tree, entry, frame)
            if isinstance(answer, Absent):
                self.results[key] = answer
            elif self.answering >= _MOST_ANSWERING:
                said = f"{entry.key}: programs that answer with programs go deeper than {_MOST_ANSWERING} levels"
                self.faults.add(said, entry.place, frame.chain)
                self.results[key] = Absent.POISON
            else:
                self.answering += 1
                self.results[key] = yield self.value(answer, frame)
                self.answering -= 1
        return self.results[key]

    def lookup(self, name: str, place: Place, frame: Frame, *, optional: bool = False) -> Step:
        """The whole value of a variable."""
        reference = Reference(tuple(name.split(".")), exact=True, optional=optional)
        found = yield self.variables.resolve(reference, place, frame)
        if found is MISSING:
            return Absent.REMOVED
        return found[0] if isinstance(found, tuple) else found

    def splices(self, item: Node, frame: Frame) -> bool:
        """Whether the sequence that this item gives is part of the sequence in which it stands."""
        while isinstance(item, Mapping):
            if any(key.startswith(_CUSTOMIZATION) for key, _, _ in item.entries):
                return True
            included = [found for one in item.entries if (found := self.inclusions.get((id(one.node), frame)))]
            if len(included) != 1:
                break
            item, frame = included[0]
        return False

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
        self.spend(len(node.items), node.place, frame)
        for item in node.items:
            value = _quick(item)
            if value is UNSET:
                value = yield self.value(item, frame)
            if value is Absent.REMOVED:
                continue
            if isinstance(value, list) and self.splices(item, frame):
                result.extend(value)
            else:
                result.append(value)
        return result

    def _mapping(self, node: Mapping, frame: Frame) -> Step:
        result: dict[str, object] = {}
        instead: list[tuple[Entry, object]] = []
        data = False
        self.spend(len(node.entries), node.place, frame)
        for entry in node.entries:
            if not entry.key.startswith(PREFIX):
                value = _quick(entry.node)
                if value is UNSET:
                    value = yield self.value(entry.node, frame)
                if value is not Absent.REMOVED:
                    result[entry.key] = value
                data = True
                continue
            value = yield self._directive(node, entry, frame)
            if isinstance(value, tuple):
                result.update(value[0])
                data = True
            elif value is not UNSET:
                instead.append((entry, value))
        return self._instead(instead, result, frame, data=data) if instead else result

    def _instead(
        self, instead: list[tuple[Entry, object]], result: dict[str, object], frame: Frame, *, data: bool
    ) -> object:
        """What stands for a map in which directives gave something else than entries."""
        if any(value is Absent.POISON for _, value in instead):
            return Absent.POISON
        given = [(entry, value) for entry, value in instead if value is not Absent.REMOVED]
        if not given:
            return result if data else Absent.REMOVED
        if not data and len(given) == 1:
            return given[0][1]
        entry, value = given[0 if data else 1]
        said = f"{entry.key} gives {value_kind(value)}: this cannot stand in a map with other keys"
        self.faults.add(said, entry.place, frame.chain)
        return Absent.POISON

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

    # --- texts ---

    def _text(self, text: str, place: Place, frame: Frame) -> Step:
        parts = self.parsed.get(text)
        if parts is None:
            parts = self.parsed[text] = parse(text)
            if is_open(text):
                self.faults.warn("this ${ is not closed, so it is text; write $${ if that is meant", place, frame.chain)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            found = yield self.variables.resolve(parts[0], place, frame)
            if not isinstance(found, tuple):
                return found
            value, rest = found
            return self._embedded(value, parts[0], rest, place, frame) if rest else value
        return (yield self._pieces(parts, place, frame))

    def _pieces(self, parts: tuple[Part, ...], place: Place, frame: Frame) -> Step:
        """One text of literal pieces and variables."""
        pieces: list[object] = []
        for part in parts:
            if isinstance(part, Reference):
                found = yield self.variables.resolve(part, place, frame)
                value, rest = found if isinstance(found, tuple) else (Absent.POISON, ())
                pieces.append(self._embedded(value, part, rest, place, frame))
            elif isinstance(part, BadReference):
                said = f"{part.text!r} is no name of a variable; write $${{{part.text}}} for the text itself"
                self.faults.add(said, place, frame.chain)
                pieces.append(Absent.POISON)
            else:
                pieces.append(part)
        if not all(isinstance(piece, str) for piece in pieces):
            return Absent.POISON
        result = "".join(map(str, pieces))
        self.characters += len(result)
        if self.characters > _MOST_TEXT:
            said = f"texts with variables are larger than {_MOST_TEXT // 1024 // 1024} MiB"
            raise TooMuch(said, place, frame.chain)
        return result

    def _embedded(self, value: object, part: Reference, rest: tuple[str, ...], place: Place, frame: Frame) -> object:
        if value is Absent.POISON:
            return value
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return ".".join((str(value), *rest))
        if rest and isinstance(value, dict):
            self.variables.missing(part, rest[0], value, place, frame)
            return Absent.POISON
        name = ".".join(part.parts[: len(part.parts) - len(rest)])
        what = "nothing: it was removed" if value is Absent.REMOVED else value_kind(value)
        self.faults.add(f"{name} is {what}: only text and numbers can stand inside a text", place, frame.chain)
        return Absent.POISON

    def forget(self) -> None:
        """Nothing that was evaluated before everything was gathered is kept; programs do not run again."""
        self.variables.forget()
        self.results.clear()
        self.answering = 0


def _quick(node: Node) -> object:
    """The value when no other evaluation is needed for it, else UNSET."""
    if not isinstance(node, Scalar):
        return UNSET
    text = node.value
    return UNSET if isinstance(text, str) and "$" in text else text
