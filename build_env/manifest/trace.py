"""Owns where values came from: kept while a manifest that is to be explained is evaluated, told for each path of it.

A record belongs to a slot, an entry of a map or an item of a sequence that an evaluation made. What is inside a value
has slots of its own, which stay what they are wherever the value goes; so only the way of the whole is added there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.core.errors import Location
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Place
    from build_env.manifest.scope import Definition, Scope

__all__ = ["Origin", "Record", "Trace"]

_MOST_PATHS = 100_000  # a variable that is used often in variables that are used often makes a large tree
_MOST_NAMED = 5
_DEFINED, _OVERRIDES = "defined", "overrides"
_NAMING = frozenset({_DEFINED, "argument", "given"})

Container: TypeAlias = "dict[str, object] | list[object]"
Key: TypeAlias = str | int


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A place that had a part in a value: `word` says which part, `name` is that of a variable."""

    word: str
    place: Location
    chain: tuple[Location, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """Where one value came from: its `own` text, then what it was led `through`, with all inside it, the nearest first.

    `lost` is the value that it took the place of. A `closed` one tells nothing of what is inside.
    """

    own: tuple[Origin, ...] = ()
    through: tuple[Origin, ...] = ()
    closed: bool = False
    lost: tuple[object, Record] | None = None


@dataclass(slots=True)
class _Visit:
    path: str
    value: object
    record: Record
    through: tuple[Origin, ...] = ()
    lost: tuple[object, Record] | None = None


class Trace:
    """The records of a compile; `last` is that of the value that was evaluated last."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.last = Record()
        # The container is kept with its slots: another one must not get its number.
        self.slots: dict[int, tuple[object, dict[Key, Record]]] = {}
        self.definitions: dict[Definition, Record] = {}

    # --- what an evaluation says of the last value ---

    def written(self, place: Place, frame: Frame) -> None:
        """It is what is written at `place`, and of nothing else."""
        self.last = Record(own=(Origin(word="written", place=place.location, chain=frame.chain),))

    def led_through(self, word: str, place: Place, frame: Frame) -> None:
        """It is what was evaluated before, or made from that, by something at `place`."""
        origin = Origin(word=word, place=place.location, chain=frame.chain)
        self.last = replace(self.last, through=(*self.last.through, origin))

    def made(self, *, closed: bool = False) -> None:
        """It is new; what is inside is in its slots, unless it is `closed`."""
        self.last = Record(closed=closed)

    def defined(self, definition: Definition) -> None:
        """It is the value of a definition, which is evaluated once."""
        if definition not in self.definitions:
            base = self.last if definition.node else Record(closed=True)
            through = (*base.through, _of(definition), *self._redefined(definition))
            self.definitions[definition] = replace(base, through=through)
        self.last = self.definitions[definition]

    def assembled(self, names: dict[str, object]) -> None:
        """It is a map of names that are defined one by one."""
        records = (self.taken(Record(), names, name) for name in names)
        own = tuple(origin for record in records for origin in _naming(record) or record.own)
        self.last = Record(own=own[:_MOST_NAMED])

    def text_of(self, records: list[Record], place: Place, frame: Frame) -> None:
        """It is a text with the values of variables inside it."""
        self.written(place, frame)
        names = tuple(origin for record in records for origin in _naming(record))
        self.last = Record(own=(*self.last.own, *names))

    # --- slots ---

    def put(self, container: Container, key: Key) -> None:
        """It is about to be put into a container; what has the same key there is lost."""
        record = self.last
        if isinstance(container, dict) and isinstance(key, str) and key in container:
            record = replace(record, lost=(container[key], self.taken(Record(), container, key)))
        self.slots.setdefault(id(container), (container, {}))[1][key] = record

    def anew(self, container: Container, key: Key) -> None:
        """What is in a container was made of several values: what is inside tells where it is from."""
        self.slots.setdefault(id(container), (container, {}))[1][key] = Record()

    def spread(self, source: Container, record: Record, container: Container, start: int = 0) -> None:
        """All that is in a value with a record is about to be put into another container."""
        for key in source if isinstance(source, dict) else range(len(source)):
            self.last = self.taken(record, source, key)
            self.put(container, key + start if isinstance(key, int) else key)

    def taken(self, record: Record, container: object, key: Key) -> Record:
        """The record of what is inside a value with a record."""
        slot = self.slots.get(id(container), (None, {}))[1].get(key)
        if slot is None or record.closed:
            return Record(through=record.through, closed=True)
        return replace(slot, through=(*slot.through, *record.through))

    # --- telling ---

    def origins(self, data: object, record: Record) -> dict[str, tuple[Origin, ...]]:
        """The origins of each dotted path of `data`: where the value itself stands, then what led to it."""
        origins: dict[str, tuple[Origin, ...]] = {}
        waiting = [_Visit("", data, record)]
        while waiting and len(origins) < _MOST_PATHS:
            visit = waiting.pop()
            through = (*visit.record.through, *visit.through)
            lost = visit.record.lost or visit.lost
            replaced = (*lost[1].own, *lost[1].through)[:1] if lost else ()
            origin = (*visit.record.own, *through, *(replace(one, word=_OVERRIDES) for one in replaced))
            if origin:
                origins[visit.path] = origin
            if not visit.record.closed:
                for key, value, slot in self._inside(visit.value):
                    path = f"{visit.path}.{key}" if visit.path else str(key)
                    waiting.append(_Visit(path, value, slot, through, self._lost(lost, key)))
        return origins

    def _inside(self, value: object) -> Iterator[tuple[Key, object, Record]]:
        slots = self.slots.get(id(value), (None, {}))[1]
        entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return ((key, inner, slots[key]) for key, inner in entries if key in slots)

    def _lost(self, lost: tuple[object, Record] | None, key: Key) -> tuple[object, Record] | None:
        if lost is None or not isinstance(lost[0], dict) or key not in lost[0]:
            return None
        return lost[0][key], self.taken(lost[1], lost[0], key)

    def _redefined(self, definition: Definition) -> Iterator[Origin]:
        """The definitions that `definition` takes the place of, the nearest first."""
        for other in reversed(self.scope.ordered.get(definition.path[0], ()) if definition.path else ()):
            length = min(len(other.path), len(definition.path))
            if other.order < definition.order and other.path[:length] == definition.path[:length]:
                yield replace(_of(other), word=_OVERRIDES)


def _naming(record: Record) -> tuple[Origin, ...]:
    """The definition that was used last on the way to a value."""
    return next(((origin,) for origin in reversed(record.through) if origin.word in _NAMING), ())


def _of(definition: Definition) -> Origin:
    word = next((word for word in ("given", "argument") if word in definition.origin), _DEFINED)
    chain = definition.frame.chain if definition.frame else ()
    return Origin(word=word, place=definition.place.location, chain=chain, name=definition.name)
