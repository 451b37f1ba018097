"""Owns the way from a name to its value, and texts in which names stand.

A variable is evaluated when it is first used; a name may lead on into its data.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent, Step, TooMuch
from build_env.manifest.names import BadReference, Part, Reference, is_open, nested, parse
from build_env.manifest.nodes import spot, value_kind
from build_env.manifest.scope import UNSET, Definition, Order, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Place
    from build_env.manifest.trace import Record
    from build_env.manifest.walker import Walker

__all__ = ["MISSING", "NotYet", "Variables"]

_LONGEST_CIRCLE = 8
_LONGEST_INDEX = 12  # digits
_MOST_TEXT = 64 * 1024 * 1024
MISSING = object()  # no such variable, and the reference said that it may be so


class NotYet(Exception):
    """A variable is unknown while files may still be missing."""


class Variables:
    """Looks names up for a walker. `gathering`: an unknown name raises NotYet; `incomplete`: it stays silent."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self.scope = walker.scope
        self.gathering = False
        self.defaults = False  # while gathering: a variable that may be missing is missing
        self.incomplete = False
        self.active: list[Definition] = []
        self.touched: list[Definition] = []
        self.parsed: dict[str, tuple[Part, ...]] = {}
        self.characters = 0

    # --- texts ---

    def text(self, text: str, place: Place, frame: Frame) -> Step:
        """The value of a text with variables: that of the variable, when it is nothing else."""
        parts = self.parsed.get(text)
        if parts is None:
            parts = self.parsed[text] = parse(text)
            if inner := nested(text):
                message = f"no ${{…}} can stand inside another one; write otk.variable: {inner}"
                return self.walker.fault(message, place, frame)
            if is_open(text):
                message = "this ${ is not closed, so it is text; write $${ if that is meant"
                self.walker.faults.warn(message, place, frame.chain)
        if len(parts) > 1 or not isinstance(parts[0], Reference):
            return (yield self._joined(text, parts, place, frame))
        place = spot(place, text, 0)
        reached = yield self.resolve(parts[0], place, frame)
        if not isinstance(reached, tuple):
            return reached
        value, rest = reached
        return self._embedded(value, parts[0], rest, place, frame) if rest else value

    def _joined(self, text: str, parts: tuple[Part, ...], place: Place, frame: Frame) -> Step:
        """One text of literal pieces and variables."""
        pieces: list[object] = []
        records: list[Record] = []
        number = -1
        for part in parts:
            number += not isinstance(part, str)
            if isinstance(part, Reference):
                where = spot(place, text, number)
                reached = yield self.resolve(part, where, frame)
                value, rest = reached if isinstance(reached, tuple) else (Absent.POISON, ())
                pieces.append(self._embedded(value, part, rest, where, frame))
                if self.walker.trace:
                    records.append(self.walker.trace.last)
            elif isinstance(part, BadReference):
                message = f"{part.text!r} is no name of a variable; write $${{{part.text}}} for the text itself"
                pieces.append(self.walker.fault(message, spot(place, text, number), frame))
            else:
                pieces.append(part)
        if not all(isinstance(piece, str) for piece in pieces):
            return Absent.POISON
        result = "".join(map(str, pieces))
        self.characters += len(result)
        if self.characters > _MOST_TEXT:
            message = f"texts with variables are larger than {_MOST_TEXT // 1024 // 1024} MiB"
            raise TooMuch(message, place, frame.chain)
        if self.walker.trace:
            self.walker.trace.text_of(records, place, frame)
        return result

    def _embedded(self, value: object, part: Reference, rest: tuple[str, ...], place: Place, frame: Frame) -> object:
        if value is Absent.POISON:
            return value
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return ".".join((str(value), *rest))
        if rest and isinstance(value, dict):
            return self._missing(part, rest[0], value, place, frame)
        name = ".".join(part.parts[: len(part.parts) - len(rest)])
        what = "nothing: it was removed" if value is Absent.REMOVED else value_kind(value)
        return self.walker.fault(f"{name} is {what}: only text and numbers can stand inside a text", place, frame)

    # --- names ---

    def lookup(self, name: str, place: Place, frame: Frame, *, optional: bool = False) -> Step:
        """The whole value of a variable; POISON after a fault. MISSING for one that is `optional` and not there."""
        reached = yield self.resolve(Reference(tuple(name.split(".")), exact=True, optional=optional), place, frame)
        return reached[0] if isinstance(reached, tuple) else reached

    def resolve(self, reference: Reference, place: Place, frame: Frame) -> Step:
        """The value and the parts of the name that are not used up; or POISON, or MISSING."""
        reached: object
        if reference.parts[0] == "this" and frame.this is not None:
            reached = frame.this, 1
            if self.walker.trace:
                self.walker.trace.made(closed=True)
        else:
            reached = yield self._named(reference, place, frame)
        if not isinstance(reached, tuple):
            return reached
        value, used = reached
        if value is Absent.POISON:
            return value
        inside = (value, ()) if used == len(reference.parts) else self._inside(value, reference, used, place, frame)
        if self.walker.trace:
            self.walker.trace.led_through("used", place, frame)
        return inside

    def definition(self, definition: Definition, place: Place, frame: Frame) -> Step:
        """The value of a definition, evaluated once; `place` is where it is used."""
        value = definition.value
        if value is UNSET and definition.node is not None and definition.frame is not None:
            if definition.busy:
                return self._circle(definition, place, frame)
            definition.busy = True
            self.touched.append(definition)
            self.active.append(definition)
            value = yield self.walker.value(definition.node, definition.frame)
            self.active.pop()
            definition.busy = False
            definition.value = value
        if self.walker.trace:
            self.walker.trace.defined(definition)
        return value

    def forget(self) -> None:
        """Nothing that was evaluated before everything was gathered is kept."""
        for definition in self.touched:
            definition.value = UNSET
            definition.busy = False
        self.touched.clear()
        self.active.clear()
        if self.walker.trace:
            self.walker.trace.definitions.clear()

    def _circle(self, definition: Definition, place: Place, frame: Frame) -> Absent:
        circle = [*self.active[self.active.index(definition) :], definition]
        names = [f"{one.name} ({one.place.location})" for one in circle]
        if len(names) > _LONGEST_CIRCLE:
            names[_LONGEST_CIRCLE - 2 : -2] = [f"… {len(names) - _LONGEST_CIRCLE} more …"]
        return self.walker.fault(f"variables use each other in a circle: {' → '.join(names)}", place, frame)

    def _named(self, reference: Reference, place: Place, frame: Frame) -> Step:
        """The value where definitions end, and how many parts of the name led there; POISON, MISSING."""
        first = reference.parts[0]
        order: Order = ()
        if self.scope.allow_redefine:
            order = frame.at(place)
            self.walker.spend(len(self.scope.ordered.get(first, ())) // 4, place, frame)  # they are all looked at
        value = yield self._from_blocks(first, self.scope.later_block(first, order))
        shape = self.scope.shape(first, order) if value is UNSET else None
        if value is UNSET and shape is None:
            value = yield self._from_blocks(first, iter(self.scope.blocks))
        if value is not UNSET:
            return value, 1
        if shape is None:
            return self._unknown(reference, first, self._names(frame), place, frame)
        used = 1
        while isinstance(shape, dict) and used < len(reference.parts) and reference.parts[used] in shape:
            shape = shape[reference.parts[used]]
            used += 1
        if isinstance(shape, Definition):
            if shape.default and self.gathering and not self.defaults:
                raise NotYet(reference.name)
            if shape.value is UNSET or self.walker.trace:
                return (yield self.definition(shape, place, frame)), used
            return shape.value, used
        if used < len(reference.parts) and reference.exact:
            return self._unknown(reference, reference.parts[used], shape, place, frame)
        return (yield self._assembled(shape, place, frame)), used

    def _inside(self, value: object, reference: Reference, used: int, place: Place, frame: Frame) -> object:
        """Follow the other parts of a name into data."""
        parts, trace = reference.parts, self.walker.trace
        while used < len(parts):
            part = parts[used]
            key: str | int = _index(part)
            if isinstance(value, dict) and (length := _key_length(value, parts[used:])):
                part = key = ".".join(parts[used : used + length])
                inner = value[part]
                used += length - 1
            elif isinstance(value, list) and isinstance(key, int) and key < len(value):
                inner = value[key]
            else:
                break
            if trace:
                trace.last = trace.taken(trace.last, value, key)
            value = inner
            used += 1
        if value is Absent.POISON:
            return value
        if used == len(parts) or not reference.exact:
            return value, parts[used:]
        part = parts[used]
        if isinstance(value, dict):
            part = ".".join(parts[used:]) if any("." in key for key in value) else part
            return self._unknown(reference, part, value, place, frame)
        if reference.optional and (value is Absent.REMOVED or (isinstance(value, list) and part.isdigit())):
            return MISSING
        what = "was removed" if value is Absent.REMOVED else f"is {value_kind(value)}"
        message = f"{reference.name}: {'.'.join(parts[:used])} {what} and has no {part}"
        return self.walker.fault(message, place, frame)

    def _assembled(self, shape: dict[str, Shape], place: Place, frame: Frame) -> Step:
        self.walker.spend(len(shape), place, frame)
        result: dict[str, object] = {}
        for name, inner in shape.items():
            if isinstance(inner, dict):
                value = yield self._assembled(inner, place, frame)
            else:
                value = yield self.definition(inner, place, frame)
            if value is not Absent.REMOVED:
                if self.walker.trace:
                    self.walker.trace.put(result, name)
                result[name] = value
        if self.walker.trace:
            self.walker.trace.assembled(result)
        return result

    def _from_blocks(self, name: str, blocks: Iterable[Definition]) -> Step:
        """The value of a name that a directive at the top of a define block gives; UNSET when none does."""
        for block in blocks:
            if block.busy or block.frame is None:
                continue
            data = yield self.definition(block, block.place, block.frame)
            if isinstance(data, dict):
                if name in data:
                    if self.walker.trace:
                        self.walker.trace.last = self.walker.trace.taken(self.walker.trace.last, data, name)
                    return data[name]
            elif data is not Absent.REMOVED:
                return Absent.POISON
        return UNSET

    # --- names that are not there ---

    def _names(self, frame: Frame) -> list[str]:
        blocks = [block.value for block in self.scope.blocks if isinstance(block.value, dict)]
        names = [*self.scope.names, *self.scope.ordered, *(name for names in blocks for name in names)]
        return ["this", *names] if frame.this is not None else names

    def _unknown(self, reference: Reference, part: str, others: Iterable[str], place: Place, frame: Frame) -> object:
        if self.gathering and not (reference.optional and self.defaults):
            raise NotYet(reference.name)
        return MISSING if reference.optional else self._missing(reference, part, others, place, frame)

    def _missing(self, reference: Reference, part: str, others: Iterable[str], place: Place, frame: Frame) -> Absent:
        """Report that `part` of a name is not there, unless a file that may define it could not be read."""
        if self.incomplete or self.scope.has_fault(reference.parts):
            return Absent.POISON
        hint = did_you_mean(part, others) if self.walker.faults.wanted else ""
        if not hint and part == reference.parts[0] and part.isupper():
            hint = f"; write $${part} for the text itself"
        if part == "this":
            hint = "; it exists only in the block defined of a customization"
        return self.walker.fault(f"could not resolve {reference.name}: {part} is not defined{hint}", place, frame)


def _key_length(value: dict[str, object], parts: tuple[str, ...]) -> int:
    """How many `parts` of a name are the next key, 0 when none is: a dot may belong to it, as in 22.04."""
    return next((end for end in range(len(parts), 0, -1) if ".".join(parts[:end]) in value), 0)


def _index(part: str) -> int:
    """The index that a part of a name is; beyond every sequence if it is none."""
    return int(part) if part.isdigit() and len(part) <= _LONGEST_INDEX else sys.maxsize
