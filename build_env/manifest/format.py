"""Owns the form of YAML files: two spaces per level, no blanks at line ends, one newline at the end.

Only the beginnings and ends of lines move: comments, quotes, order and line breaks stay. What comes out means the same;
that is checked, and a file for which it would not hold stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import yaml

from build_env.core.errors import InputError, Location
from build_env.manifest.documents import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["formatted"]

_STEP = 2


@dataclass
class _Lines:
    """What is known of lines by number.

    `blanks` they begin with, how far each moves, the first line of the text they are `inside`, whose ends are `kept`.
    """

    blanks: list[int] = field(default_factory=list)
    shifts: dict[int, int] = field(default_factory=dict)
    inside: dict[int, int] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)


def formatted(text: str, file: str) -> str:
    """The text of `file` in the one form. Raises InputError when it is not YAML."""
    plain = text.replace("\r\n", "\n")
    before = _events(plain, file)
    rows = plain.split("\n")
    lines = _Lines(blanks=[len(row) - len(row.lstrip(" ")) for row in rows])
    _measure(before, lines)
    trimmed = replace(lines, shifts={})
    candidates = (_written(rows, lines), _written(rows, trimmed))
    return next((made for made in candidates if _same(made, before, file)), text)


def _same(text: str, events: list[yaml.Event], file: str) -> bool:
    try:
        return _meaning(_events(text, file)) == _meaning(events)
    except InputError:
        return False


def _events(text: str, file: str) -> list[yaml.Event]:
    found: list[yaml.Event] = []
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            found.append(event)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                line, column = _start(event)
                where = Location(file=file, line=line + 1, column=column + 1)
                raise InputError(f"this is nested deeper than {DEEPEST} levels", location=where)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Location(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Location(file=file)
        raise InputError(f"this is not YAML: {error.problem or error}", location=where) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise InputError(f"this is not YAML: {str(error).splitlines()[0]}", location=Location(file=file)) from error
    return found


def _start(event: yaml.Event) -> tuple[int, int]:
    """Line and column where it begins, from 0; every event that was parsed has them."""
    return (event.start_mark.line, event.start_mark.column) if event.start_mark else (0, 0)


def _end(event: yaml.Event) -> tuple[int, int]:
    """Where it ends."""
    return (event.end_mark.line, event.end_mark.column) if event.end_mark else (0, 0)


def _meaning(events: Iterable[yaml.Event]) -> list[tuple[object, ...]]:
    """All that events say but where they stand."""
    names = ("anchor", "tag", "value", "implicit", "style", "flow_style", "explicit", "version", "tags")
    return [(type(event).__name__, *(getattr(event, name, None) for name in names)) for event in events]


@dataclass
class _Level:
    """A collection that is open: the column it has and should have."""

    block: bool
    column: int
    wanted: int

    @property
    def shift(self) -> int:
        """How far its entries move."""
        return self.wanted - self.column


def _measure(events: Iterable[yaml.Event], lines: _Lines) -> None:
    """Find how far the line moves on which an entry of a block collection begins."""
    open_levels: list[_Level] = []
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            level = _level(event, open_levels, lines)
            _entry(event, level if level.block else None, open_levels, lines)
            open_levels.append(level)
        elif isinstance(event, yaml.CollectionEndEvent):
            open_levels.pop()
        elif isinstance(event, yaml.ScalarEvent | yaml.AliasEvent):
            _entry(event, None, open_levels, lines)
            if isinstance(event, yaml.ScalarEvent):
                _text(event, lines)


def _level(event: yaml.CollectionStartEvent, open_levels: list[_Level], lines: _Lines) -> _Level:
    line, column = _start(event)
    parent = open_levels[-1] if open_levels else None
    block = not event.flow_style and (parent is None or parent.block)
    if parent is None:
        return _Level(block=block, column=column, wanted=0)
    if column == parent.column:
        # A sequence may stand as far left as the key that holds it, and stays so.
        return _Level(block=block, column=column, wanted=parent.wanted)
    if lines.blanks[line] != column:
        # It begins behind a dash, and moves as that does.
        return _Level(block=block, column=column, wanted=column + parent.shift)
    return _Level(block=block, column=column, wanted=parent.wanted + _STEP)


def _entry(event: yaml.Event, own: _Level | None, open_levels: list[_Level], lines: _Lines) -> None:
    """The line moves as the collection does that its first entry is in."""
    number, column = _start(event)
    if own is not None and lines.blanks[number] == column:
        lines.shifts.setdefault(number, own.shift)
    elif open_levels and open_levels[-1].block:
        lines.shifts.setdefault(number, open_levels[-1].shift)


def _text(event: yaml.ScalarEvent, lines: _Lines) -> None:
    """Lines of a text over several lines move as its first one does; of a literal one they keep their ends."""
    (first, _), (last, column) = _start(event), _end(event)
    literal = event.style in {"|", ">"}
    if literal and column == 0:
        last -= 1
    for number in range(first + 1, last + 1):
        lines.inside[number] = first
        if literal:
            lines.kept.add(number)


def _written(rows: list[str], lines: _Lines) -> str:
    result: list[str] = []
    for number, (row, move) in enumerate(zip(rows, _moves(rows, lines), strict=True)):
        bare = row.lstrip(" ")
        text = " " * max(lines.blanks[number] + move, 0) + bare if bare else row
        result.append(text if number in lines.kept else text.rstrip(" \t"))
    while len(result) > 1 and not result[-1] and len(result) - 1 not in lines.kept:
        result.pop()
    text = "\n".join(result)
    return text if text.endswith("\n") or not text else text + "\n"


def _moves(rows: list[str], lines: _Lines) -> list[int]:
    """How far each line moves: an entry as measured, a line inside a text as its first, others as their neighbours."""
    moves = [0] * len(rows)
    following: list[int | None] = [None] * len(rows)
    number = len(rows)
    behind: int | None = None
    while number:
        number -= 1
        following[number] = behind
        behind = number if number in lines.shifts and number not in lines.inside else behind
    latest: dict[int, int] = {}
    for number in range(len(rows)):
        blanks = lines.blanks[number]
        if number in lines.inside:
            moves[number] = moves[lines.inside[number]]
        elif number in lines.shifts:
            moves[number] = latest[blanks] = lines.shifts[number]
        else:
            moves[number] = _neighbour(number, following[number], moves, latest, lines)
    return moves


def _neighbour(number: int, behind: int | None, moves: list[int], latest: Mapping[int, int], lines: _Lines) -> int:
    """The move of a comment, or of what only a sequence's dash or a bracket stands on."""
    blanks = lines.blanks[number]
    if behind is not None and lines.blanks[behind] == blanks:
        return lines.shifts[behind]
    return latest.get(blanks, moves[number - 1] if number else 0)
