"""Owns the faults of a compile: all are collected, each with place, include chain, source line and caret."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, InputError, Location
from build_env.manifest.names import references_in
from build_env.manifest.nodes import Place, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Faults", "ManifestError", "ManifestFault"]

_MOST = 100
_WIDEST_LINE = 200
_LONGEST_CHAIN = 6


@dataclass(frozen=True, kw_only=True)
class ManifestFault(Fault):
    """A fault in a manifest; `chain` are the includes that led there, the innermost first."""

    chain: tuple[Location, ...] = ()
    line: str = ""

    def lines(self) -> list[str]:
        """The fault, the line with a caret, and the includes."""
        text = [str(self)]
        if self.line and self.location is not None and len(self.line) <= _WIDEST_LINE:
            before = self.line[: max(self.location.column - 1, 0)]
            caret = "".join("\t" if character == "\t" else " " for character in before) + "^"
            text += [f"    {self.line}", f"    {caret}"]
        shown = self.chain if len(self.chain) <= _LONGEST_CHAIN else (*self.chain[:4], self.chain[-1])
        text += [f"    included from {place}" for place in shown]
        if len(shown) < len(self.chain):
            text[-1:-1] = [f"    … {len(self.chain) - len(shown)} more"]
        return text


class ManifestError(InputError):
    """A manifest cannot be compiled: everything that is wrong with it, at once."""

    code = "manifest"


@dataclass(kw_only=True)
class Faults:
    """Collects faults and warnings; `line_of` gives the text of a line, for the caret."""

    line_of: Callable[[str, int], str]
    faults: list[ManifestFault] = field(default_factory=list)
    warnings: list[ManifestFault] = field(default_factory=list)
    seen: set[tuple[str, Place]] = field(default_factory=set)

    def add(self, message: str, place: Place, chain: tuple[Location, ...] = ()) -> None:
        """Something is wrong at `place`; the same is said once."""
        self._say(self.faults, message, place, chain)

    def warn(self, message: str, place: Place, chain: tuple[Location, ...] = ()) -> None:
        """Something at `place` is allowed and probably not meant."""
        self._say(self.warnings, message, place, chain)

    @property
    def wanted(self) -> bool:
        """Whether the next fault would be shown: then it is worth the time to look for the nearest right name."""
        return len(self.faults) < _MOST

    def stop(self, file: str) -> None:
        """Raise when there is any fault; in the order of the files, what has no line in one at last."""
        if self.faults:
            files = {fault.location.file: 0 for fault in self.faults if fault.location and fault.location.line}
            order = {name: number for number, name in enumerate(files)}
            shown = tuple(sorted(self.faults[:_MOST], key=lambda fault: _position(fault, order)))
            more = len(self.faults) - len(shown)
            hint = f"these are the first {len(shown)} faults, there are {more} more" if more else ""
            raise ManifestError(f"{file} cannot be compiled", faults=shown, hint=hint)

    def _say(self, said: list[ManifestFault], message: str, place: Place, chain: tuple[Location, ...]) -> None:
        if isinstance(place, Spot):
            place = self._within(place)
        if (message, place) in self.seen:
            return
        self.seen.add((message, place))
        line = self.line_of(place.file, place.line) if place.line else ""
        location = place.location if place.line else Location(file=place.file) if place.file else None
        said.append(ManifestFault(message=message, location=location, chain=chain, line=line))

    def _within(self, spot: Spot) -> Place:
        """Where a reference stands; its text where that is not what is written there, as in an answer of a program."""
        wanted = [written for written, _ in references_in(spot.text, 0)][: spot.number + 1]
        for line in range(spot.line, spot.line + spot.text.count("\n") + spot.text.count(" ") + 2):
            start = spot.column - 1 if line == spot.line else 0
            for written, column in references_in(self.line_of(spot.file, line), start):
                while wanted and wanted[0] != written:  # an escape has made it: it is not written so
                    wanted.pop(0)
                if not wanted:
                    return spot
                wanted.pop(0)
                if not wanted:
                    return Place(spot.file, line, column + 1)
        return spot


def _position(fault: Fault, order: Mapping[str, int]) -> tuple[int, int, int]:
    where = fault.location
    return (order[where.file], where.line, where.column) if where and where.line else (len(order), 0, 0)
