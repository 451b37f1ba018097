"""Owns the form of YAML files: two spaces per level, no blanks at line ends, one newline at the end.

Only the beginnings and ends of lines change: comments, quotes, order and line breaks stay. What comes out means the
same; that is checked, and what would not hold stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from build_env.core.errors import InputError, Location
from build_env.manifest.documents import DEEPEST, MOST_NODES
from build_env.manifest.indentation import Lines, measure, moves, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Formatted", "formatted"]

_FIELDS = ("anchor", "tag", "value", "implicit", "style", "flow_style", "explicit", "version", "tags")
_NODES = (yaml.ScalarEvent, yaml.AliasEvent, yaml.CollectionStartEvent)


@dataclass(frozen=True, kw_only=True)
class Formatted:
    """The text in the one form; `left` says what of it could not be brought there, and why."""

    text: str
    left: str = ""


@dataclass(frozen=True, slots=True)
class _Event:
    """What an event holds beside its place, and the line it is in, from 1."""

    content: tuple[object, ...]
    line: int


def formatted(text: str, file: str) -> Formatted:
    """The text of `file` in the one form. Raises InputError when it is not YAML."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    meant = list(_events(plain, file))
    lines = split(plain)
    measure(yaml.scan(plain, Loader=yaml.CSafeLoader), lines)
    moved = moves(lines)
    still = [0] * len(moved)
    left = ""
    line = 0
    for shifts, closed in ((moved, True), (moved, False), (still, True), (still, False)):
        candidate = _written(lines, shifts, closed=closed)
        line = _difference(meant, candidate, file)
        if not line:
            return Formatted(text=candidate, left=left)
        left = (
            f"no newline is put at its end: the text of line {line} would get it"
            if closed and shifts is moved and not plain.endswith("\n")
            else f"its lines are not moved: line {line} would mean something else"
        )
    return Formatted(text=text, left=f"it stays as it is: line {line} would mean something else")


def _difference(meant: Sequence[_Event], text: str, file: str) -> int:
    """The line that means something else in `text`, 0 if none does."""
    events = _events(text, file)
    for before in meant:
        try:
            after = next(events, None)
        except InputError:
            return before.line
        if after is None or after.content != before.content:
            return before.line
    return 0


def _events(text: str, file: str) -> Iterator[_Event]:
    nodes = depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            line, column = (event.start_mark.line + 1, event.start_mark.column + 1) if event.start_mark else (0, 0)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            nodes += isinstance(event, _NODES)
            if depth > DEEPEST or nodes > MOST_NODES:
                most = f"nested deeper than {DEEPEST} levels" if depth > DEEPEST else f"more than {MOST_NODES:,} values"
                raise InputError(f"this is {most}", location=Location(file=file, line=line, column=column))
            yield _Event((type(event).__name__, *(getattr(event, name, None) for name in _FIELDS)), line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Location(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Location(file=file)
        raise InputError(f"this is not YAML: {error.problem or error}", location=where) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise InputError(f"this is not YAML: {str(error).splitlines()[0]}", location=Location(file=file)) from error


def _written(lines: Lines, shifts: Sequence[int], *, closed: bool) -> str:
    """The text with all lines moved; `closed`: with a newline at its end."""
    rows: list[tuple[str, str]] = []
    for number, (row, end) in enumerate(zip(lines.rows, lines.ends, strict=True)):
        bare = row.lstrip(" ")
        text = " " * max(lines.blanks[number] + shifts[number], 0) + bare
        rows.append((text if number in lines.kept else text.rstrip(" \t"), end))
    while rows and not rows[-1][0] and len(rows) - 1 not in lines.kept:
        rows.pop()
    text = "".join(text + end for text, end in rows)
    return text + "\n" if closed and rows and not rows[-1][1] else text
