"""Owns the way from a name to its value: what was defined, evaluated when it is first used, and the data inside it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent, Engine, Step
from build_env.manifest.nodes import value_kind
from build_env.manifest.scope import UNSET, Definition, Order, Scope, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.frames import Frame
    from build_env.manifest.names import Reference
    from build_env.manifest.nodes import Place

__all__ = ["MISSING", "NotYet", "Variables"]

_LONGEST_CIRCLE = 8
_LONGEST_INDEX = 12  # digits
MISSING = object()  # no such variable, and the reference said that it may be so


class NotYet(Exception):
    """A variable is unknown while files may still be missing."""


class Variables:
    """Looks names up for `engine`. `gathering`: an unknown name raises NotYet; `incomplete`: it stays silent."""

    def __init__(self, engine: Engine, scope: Scope) -> None:
        self.engine = engine
        self.scope = scope
        self.gathering = False
        self.defaults = False  # while gathering: a variable that may be missing is missing
        self.incomplete = False
        self.active: list[Definition] = []
        self.touched: list[Definition] = []

    def resolve(self, reference: Reference, place: Place, frame: Frame) -> Step:
        """The value and the parts of the name that are not used up; or POISON, or MISSING."""
        first = reference.parts[0]
        found: object
        if first == "this" and frame.this is not None:
            found = frame.this, 1
        else:
            order: Order = ()
            if self.scope.allow_redefine:
                order = frame.at(place)
                self.engine.spend(len(self.scope.ordered.get(first, ())) // 4, place, frame)  # they are all looked at
            value = yield self._from_blocks(first, self.scope.later_block(first, order))
            shape = self.scope.shape(first, order) if value is UNSET else None
            if value is UNSET and shape is None:
                value = yield self._from_blocks(first, iter(self.scope.blocks))
            if shape is not None:
                found = yield self._follow(shape, reference, place, frame)
            elif value is UNSET:
                return self._unknown(reference, first, self._names(frame), place, frame)
            else:
                found = value, 1
        if not isinstance(found, tuple):
            return found
        value, used = found
        if used == len(reference.parts) or value is Absent.POISON:
            return value if value is Absent.POISON else (value, ())
        return self._inside(value, reference, used, place, frame)

    def definition(self, definition: Definition, place: Place, frame: Frame) -> Step:
        """The value of a definition, evaluated once; `place` is where it is used."""
        if definition.value is not UNSET or definition.node is None or definition.frame is None:
            return definition.value
        if definition.busy:
            chain = [*self.active[self.active.index(definition) :], definition]
            names = [f"{one.name} ({one.place.location})" for one in chain]
            if len(names) > _LONGEST_CIRCLE:
                names[_LONGEST_CIRCLE - 2 : -2] = [f"… {len(names) - _LONGEST_CIRCLE} more …"]
            said = f"variables use each other in a circle: {' → '.join(names)}"
            self.engine.faults.add(said, place, frame.chain)
            return Absent.POISON
        definition.busy = True
        self.touched.append(definition)
        self.active.append(definition)
        value = yield self.engine.value(definition.node, definition.frame)
        self.active.pop()
        definition.busy = False
        definition.value = value
        return value

    def forget(self) -> None:
        """Nothing that was evaluated before everything was gathered is kept."""
        for definition in self.touched:
            definition.value = UNSET
            definition.busy = False
        self.touched.clear()
        self.active.clear()

    def missing(self, reference: Reference, part: str, others: Iterable[str], place: Place, frame: Frame) -> None:
        """Report that `part` of a name is not there, unless a file that may define it could not be read."""
        if self.incomplete:
            return
        hint = did_you_mean(part, others) if self.engine.faults.wanted else ""
        if part == "this":
            hint = "; it exists only in the block defined of a customization"
        said = f"could not resolve {reference.name}: {part} is not defined{hint}"
        self.engine.faults.add(said, place, frame.chain)

    def _follow(self, shape: Shape, reference: Reference, place: Place, frame: Frame) -> Step:
        """The value where the definitions end, and how many parts of the name led there; POISON, MISSING."""
        used = 1
        while isinstance(shape, dict) and used < len(reference.parts) and reference.parts[used] in shape:
            shape = shape[reference.parts[used]]
            used += 1
        if isinstance(shape, Definition):
            if shape.value is UNSET:
                return (yield self.definition(shape, place, frame)), used
            return shape.value, used
        if used < len(reference.parts) and reference.exact:
            return self._unknown(reference, reference.parts[used], shape, place, frame)
        return (yield self._assembled(shape, place, frame)), used

    def _inside(self, value: object, reference: Reference, used: int, place: Place, frame: Frame) -> object:
        """Follow the other parts of a name into data."""
        parts = reference.parts
        while used < len(parts):
            part = parts[used]
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and (index := _index(part)) < len(value):
                value = value[index]
            else:
                break
            used += 1
        if value is Absent.POISON:
            return value
        if used < len(parts) and reference.exact:
            part = parts[used]
            if isinstance(value, dict):
                return self._unknown(reference, part, value, place, frame)
            if reference.optional and (value is Absent.REMOVED or (isinstance(value, list) and part.isdigit())):
                return MISSING
            what = "was removed" if value is Absent.REMOVED else f"is {value_kind(value)}"
            said = f"{reference.name}: {'.'.join(parts[:used])} {what} and has no {part}"
            self.engine.faults.add(said, place, frame.chain)
            return Absent.POISON
        return value, parts[used:]

    def _assembled(self, shape: dict[str, Shape], place: Place, frame: Frame) -> Step:
        self.engine.spend(len(shape), place, frame)
        result: dict[str, object] = {}
        for name, inner in shape.items():
            if isinstance(inner, dict):
                value = yield self._assembled(inner, place, frame)
            else:
                value = yield self.definition(inner, place, frame)
            if value is not Absent.REMOVED:
                result[name] = value
        return result

    def _from_blocks(self, name: str, blocks: Iterable[Definition]) -> Step:
        """The value of a name that a directive at the top of a define block gives; UNSET when none does."""
        for block in blocks:
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
        blocks = [block.value for block in self.scope.blocks if isinstance(block.value, dict)]
        names = [*self.scope.names, *self.scope.ordered, *(name for names in blocks for name in names)]
        return ["this", *names] if frame.this is not None else names

    def _unknown(self, reference: Reference, part: str, others: Iterable[str], place: Place, frame: Frame) -> object:
        if self.gathering and not (reference.optional and self.defaults):
            raise NotYet(reference.name)
        if reference.optional:
            return MISSING
        self.missing(reference, part, others, place, frame)
        return Absent.POISON


def _index(part: str) -> int:
    """The index that a part of a name is; beyond every sequence if it is none."""
    return int(part) if part.isdigit() and len(part) <= _LONGEST_INDEX else sys.maxsize
