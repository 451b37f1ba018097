"""Owns how far each line of a YAML file moves, so that every level is two columns deeper than the one around it."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Lines", "measure", "moves", "split"]

_STEP = 2
# What ends a line for the parser, which counts lines by it.
_BREAK = re.compile("([\n\x85\u2028\u2029])")
_HEADER = re.compile(r"[|>][-+]?([0-9]?)[-+]?")
_BLOCK_START = (yaml.BlockMappingStartToken, yaml.BlockSequenceStartToken)
_FLOW_START = (yaml.FlowMappingStartToken, yaml.FlowSequenceStartToken)
_END = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)
_CONTENT = (
    yaml.AliasToken,
    yaml.AnchorToken,
    yaml.BlockEntryToken,
    yaml.KeyToken,
    yaml.ScalarToken,
    yaml.TagToken,
    yaml.ValueToken,
    *_FLOW_START,
)


@dataclass
class Lines:
    """The lines of a file, and what is known of them by number.

    `rows` without their `ends`, the `blanks` they begin with, how far those move that were measured, the first line of
    the text they are `inside`; those that are `kept` keep the blanks at their end.
    """

    rows: list[str]
    ends: list[str]
    blanks: list[int]
    shifts: dict[int, int] = field(default_factory=dict)
    inside: dict[int, int] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)


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


def split(text: str) -> Lines:
    """The lines of `text`; behind the last line break there is one more."""
    pieces = _BREAK.split(text)
    rows = pieces[::2]
    return Lines(rows=rows, ends=[*pieces[1::2], ""], blanks=[len(row) - len(row.lstrip(" ")) for row in rows])


def measure(tokens: Iterable[yaml.Token], lines: Lines) -> None:
    """Find how far the lines move that begin with something of a block collection, and which lines are text."""
    levels: list[_Level] = []
    for token in tokens:
        line, column = token.start_mark.line, token.start_mark.column
        if isinstance(token, _BLOCK_START):
            levels.append(_level(line, column, levels[-1] if levels else None, lines))
        elif isinstance(token, _END):
            levels.pop()
        elif isinstance(token, _CONTENT):
            if lines.blanks[line] == column and levels and levels[-1].block:
                lines.shifts.setdefault(line, levels[-1].shift)
            if isinstance(token, yaml.ScalarToken):
                _text(token, levels[-1].column if levels else 0, lines)
            elif isinstance(token, _FLOW_START):
                levels.append(_Level(block=False, column=column, wanted=column))


def _level(line: int, column: int, parent: _Level | None, lines: Lines) -> _Level:
    if lines.blanks[line] != column:
        # It begins behind a dash, and moves as that does.
        return _Level(block=True, column=column, wanted=column + (parent.shift if parent else 0))
    return _Level(block=True, column=column, wanted=parent.wanted + _STEP if parent else 0)


def _text(token: yaml.ScalarToken, around: int, lines: Lines) -> None:
    """Lines of a text over several lines move as its first one does; `around` is the column of its collection."""
    first, last = token.start_mark.line, token.end_mark.line
    if token.style in {"|", ">"}:
        last -= token.end_mark.column == 0
        header = _HEADER.match(lines.rows[first], token.start_mark.column)
        if header and "+" not in header[0]:
            indent = int(header[1]) + around if header[1] else _indent(lines.rows[first + 1 : last + 1])
            lines.kept.update(range(first + 1, _last_kept(first, last, indent, lines) + 1))
        else:
            lines.kept.update(range(first + 1, last + 1))
    elif token.style == '"':
        # A blank behind a backslash is text.
        lines.kept.update(number for number in range(first, last) if lines.rows[number].rstrip(" \t").endswith("\\"))
    lines.inside.update((number, first) for number in range(first + 1, last + 1))


def _indent(rows: Iterable[str]) -> int:
    """The column of a literal text, which its first line shows; one of blanks alone has nothing that could be lost."""
    return next((len(row) - len(row.lstrip(" ")) for row in rows if row.strip(" ")), sys.maxsize)


def _last_kept(first: int, last: int, indent: int, lines: Lines) -> int:
    """The last line of a literal text without the empty ones behind it, which are no part of it."""
    while last > first and not lines.rows[last][indent:] and not lines.rows[last].strip(" "):
        last -= 1
    return last


def moves(lines: Lines) -> list[int]:
    """How far each line moves: an entry as measured, a line inside a text as its first, others as their neighbours."""
    result = [0] * len(lines.rows)
    following = _following(lines)
    latest: dict[int, int] = {}
    for number, blanks in enumerate(lines.blanks):
        if number in lines.inside:
            result[number] = result[lines.inside[number]]
        elif number in lines.shifts:
            result[number] = latest[blanks] = lines.shifts[number]
        else:
            result[number] = _neighbour(number, following[number], result, latest, lines)
    return result


def _following(lines: Lines) -> list[int | None]:
    """The next line behind each that was measured."""
    result: list[int | None] = [None] * len(lines.rows)
    behind: int | None = None
    for number in range(len(lines.rows) - 1, -1, -1):
        result[number] = behind
        behind = number if number in lines.shifts and number not in lines.inside else behind
    return result


def _neighbour(number: int, behind: int | None, before: list[int], latest: Mapping[int, int], lines: Lines) -> int:
    """The move of a comment, or of what only a bracket stands on."""
    blanks = lines.blanks[number]
    if behind is not None and lines.blanks[behind] == blanks:
        return lines.shifts[behind]
    return latest.get(blanks, before[number - 1] if number else 0)
