"""Owns what of a task's output is shown when it failed: the lines that say why, then the end. Pure, and bounded.

Takes the output line by line and keeps few of them: the first that say why, because later ones are often their
consequences, and the last before a tool told that something had failed, because tests that pass print errors, too.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.visible import shown_lines
from build_env.model.reason import Reason
from build_env.schedule.clues import CLUES, PLACES

if TYPE_CHECKING:
    import re

    from build_env.schedule.clues import Clue

__all__ = ["Excerpt", "ExcerptBuilder"]

_END = 12  # lines of the end, when nothing before them says why
_SHORT_END = 8
_FIRST, _LAST = 2, 2  # lines that say why
_WIDEST = 400  # characters of a line that are shown
_LOOKED_AT = 2000  # characters of a line that are looked at
_STATES = 20  # of a line that was drawn over
_BLANKS = 1  # empty lines that what belongs to a line may have in it
_BELONGS = (" ", "\t", "|", "#", "^", "E   ")
_LONGEST = 300  # characters of a reason
_BY_WORD: dict[str, list[tuple[int, Clue]]] = defaultdict(list)
for _rank, _clue in enumerate(CLUES):
    _BY_WORD[_clue.word].append((_rank, _clue))
_WORDS = tuple(_BY_WORD)


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """The `lines` to show, with a note where some are left out; the `reasons` among them."""

    lines: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass
class _Found:
    """A line that says why, by number, and those behind it that belong to it."""

    number: int
    text: str
    more: int
    loose: bool = False
    file: str = ""
    line: int = 0
    blank: list[tuple[int, str]] = field(default_factory=list)
    belonging: list[tuple[int, str]] = field(default_factory=list)

    def take(self, number: int, text: str) -> bool:
        """Whether the next line belongs to it."""
        if not text.strip():
            self.blank.append((number, text))
            return len(self.blank) <= _BLANKS
        place = None if self.file else _place(text)
        if len(self.belonging) >= self.more or not (self.loose or place or text.startswith(_BELONGS)):
            return False
        self.belonging += [*self.blank, (number, text)]
        self.blank.clear()
        if place:
            self.file, self.line = place
        return True

    @property
    def reason(self) -> Reason:
        """In one line: what only announces something goes on with what it announces."""
        text = self.text.strip()
        if text.endswith(":"):
            text = " ".join([text, *(line.strip() for _, line in self.belonging)])
        return Reason(text=text[:_LONGEST], file=self.file, line=self.line)


class ExcerptBuilder:
    """Is told each line of one task's output."""

    def __init__(self) -> None:
        """Nothing was printed."""
        self._number = 0
        self._end: deque[tuple[int, str]] = deque(maxlen=_END)
        self._first: list[_Found] = []
        self._last: deque[_Found] = deque(maxlen=_LAST)
        self._open: _Found | None = None
        self._before: tuple[str, int] | None = None
        self._told = False  # whether a tool said that something before it had failed

    def take(self, line: str) -> None:
        """Take note of the next line."""
        if len(line) > _LOOKED_AT:
            line = f"{line[: _LOOKED_AT // 2]} [...] {line[-_LOOKED_AT // 2 :]}"
        for text in shown_lines(line)[-_STATES:]:
            self._take(text)

    def result(self) -> Excerpt:
        """What is shown of all lines so far."""
        found = [*self._first, *self._last]
        lines = {number: text for entry in found for number, text in ((entry.number, entry.text), *entry.belonging)}
        end = list(self._end)
        if lines and min(lines) < end[0][0]:
            end = end[-_SHORT_END:]
        lines |= dict(end)
        return Excerpt(lines=tuple(_with_gaps(lines)), reasons=tuple(entry.reason for entry in found))

    def _take(self, text: str) -> None:
        self._number += 1
        self._end.append((self._number, _cut(text)))
        if self._open is not None and self._open.take(self._number, _cut(text)):
            return
        self._open = None
        clue, match = _clue_in(text)
        if clue is None or match is None:
            self._before = _place(text) or self._before
            return
        if clue.later:
            self._told = True
            return
        self._keep(_found(self._number, text, clue, match, self._before), clue.before)
        self._before = None

    def _keep(self, found: _Found, before: int) -> None:
        if any(found.text == other.text for other in (*self._first, *self._last)):
            return
        if len(self._first) < _FIRST:
            self._first.append(found)
        elif not self._told:
            self._last.append(found)
        else:
            return
        found.belonging += [*self._end][-1 - before : -1] if before else []
        self._open = found


def _clue_in(text: str) -> tuple[Clue | None, re.Match[str] | None]:
    """The clue that the line fits."""
    small = text.lower()
    words = [word for word in _WORDS if word in small]
    if words:  # most lines have none, and there are millions
        for _, clue in sorted((entry for word in words for entry in _BY_WORD[word]), key=lambda entry: entry[0]):
            if match := clue.pattern.search(text):
                return clue, match
    return None, None


def _found(number: int, text: str, clue: Clue, match: re.Match[str], before: tuple[str, int] | None) -> _Found:
    groups = match.groupdict()
    file, line = groups.get("file") or "", int(groups.get("line") or 0)
    if not file and clue.tool in {"python", "unittest"} and before:
        file, line = before
    return _Found(number=number, text=_cut(text), more=clue.more, loose=clue.loose, file=file, line=line)


def _place(text: str) -> tuple[str, int] | None:
    for sign, pattern in PLACES:
        if sign not in text:
            continue
        if match := pattern.search(text):
            return match["file"], int(match["line"])
    return None


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}..."


def _with_gaps(lines: dict[int, str]) -> list[str]:
    """The lines by number, and between them how many are left out."""
    shown: list[str] = []
    last = min(lines, default=1) - 1
    for number, text in sorted(lines.items()):
        left_out = number - last - 1
        if left_out:
            shown.append(f"[{left_out} line{'s' if left_out > 1 else ''} left out]")
        shown.append(text)
        last = number
    return shown
