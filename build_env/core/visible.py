"""Owns how text from outside is shown: nothing in a name may move the cursor, hide, or look like a line of its own."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["harmless", "harmless_json", "json_in", "listed", "printable", "shown_lines", "visible", "visible_name"]

# Control characters, those that turn the direction of reading, ends of lines, and bytes that were no text.
_HIDDEN = "\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_LINES = re.compile(f"[{_HIDDEN}]")
_IN_NAMES = re.compile(f"[{_HIDDEN}\t\n]")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LED = re.compile(r"((?:^|[\r\n])(?:[^\S\r\n]|[\ufeff\u200b\u180e])*)::")
_MARKED = re.compile(r"##(?=\[|vso\[)", re.IGNORECASE)
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_WORDS = re.compile(r"[^\W\d_]{3,}")


def visible(text: str) -> str:
    r"""`text`, of one or more lines, with what cannot be seen written as in Python: `\x1b`."""
    return _IN_LINES.sub(_escaped, text)


def visible_name(name: str) -> str:
    """The name of a file or option for a message: it stays in one line."""
    return _IN_NAMES.sub(_escaped, name)


def listed(names: Iterable[str], most: int = 12) -> str:
    """The names in one line; of more than `most` the first ones, and how many there are besides."""
    shown = [visible_name(name) for name in names]
    left = len(shown) - most
    return ", ".join(shown) if left <= 0 else f"{', '.join(shown[:most])} and {left} more"


def harmless(text: str) -> str:
    """Lines that no CI system takes for its commands: it would obey what a package's build prints.

    GitHub's runner looks at the start of a line, behind what it trims; `##[` and Azure's `##vso[` count anywhere.
    """
    return _MARKED.sub("## ", _LED.sub(r"\1: :", text))


def harmless_json(text: str) -> str:
    """The same for JSON text, which means what it meant: only marks that count anywhere are in it."""
    return _MARKED.sub(r"#\\u0023", text)


def json_in(encoding: str, text: str) -> str:
    """JSON text that the encoding can hold: with JSON's own escapes for all but ASCII where it cannot."""
    try:
        text.encode(encoding)
    except UnicodeError:
        return _NOT_ASCII.sub(lambda found: json.dumps(found[0])[1:-1], text)
    return text


def printable(line: str) -> str:
    """A line of a task's output without what would move a terminal's cursor, change its colours, or be obeyed.

    Of a line that was drawn over with carriage returns, as progress bars are, the last state.
    """
    if line.isprintable() and "::" not in line and "##" not in line:  # most lines are: this costs nothing
        return line
    shown = _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]
    return harmless(_CONTROL.sub("", shown.expandtabs()))


def shown_lines(line: str) -> list[str]:
    """A line of a task's output as `printable` has it; several where carriage returns cut it and more is said.

    Of what was drawn over, states of the same thing go: those whose words the next state begins with, too. A message
    that something else was drawn over stays.
    """
    if "\r" not in line:
        return [printable(line)]
    states = [state for part in _ESCAPES.sub("", line).split("\r") if (state := printable(part)).strip()]
    words = [_WORDS.findall(state) for state in states]
    drawn_over = [after[: len(own)] == own for own, after in pairwise(words)]
    return [state for state, hidden in zip(states, [*drawn_over, False], strict=bool(states)) if not hidden] or [""]


def _escaped(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode()
