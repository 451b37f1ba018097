"""Owns how it is shown what `gc` would remove or has removed: by kind, and what is large by name. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.garbage import Garbage, Kind
from build_env.ui.report.views import size_words
from build_env.ui.words import count

if TYPE_CHECKING:
    from build_env.model.garbage import Collection

__all__ = ["garbage_lines"]

_NAMED = frozenset({Kind.LAYER, Kind.IMAGE, Kind.FAILED_ROOM, Kind.CONTINUED, Kind.ROOMS})
_PLURALS = {Kind.ROOMS: "directories of dead runs", Kind.CONTINUED: "results of continued tasks"}
_PLURALS |= {Kind.DOWNLOADS: "empty download directories", Kind.UNTAGGED: "images without a name"}
_DAY, _HOUR = 86400, 3600
_WIDTH = 30


def garbage_lines(collection: Collection, command: str, now: float) -> list[str]:
    """A line per kind with its number and bytes, below it what has a name; `command` removes it."""
    lines = (
        [] if collection.engine else ["note    no container engine answers: its images and rooms were not looked at"]
    )
    if not collection.garbage:
        return [*lines, "done    nothing to remove"]
    lines.append("removed" if collection.deleted else "unused  what nothing needs any more")
    for kind in Kind:
        entries = [entry for entry in collection.garbage if entry.kind is kind]
        if entries:
            lines.append(_line(_counted(kind, len(entries)), sum(entry.size for entry in entries)))
            lines += [f"    {_named(entry, now)}" for entry in entries if kind in _NAMED]
    size = size_words(sum(entry.size for entry in collection.garbage))
    return [*lines, f"done    {size} freed"] if collection.deleted else [*lines, f"next    {command}   (frees {size})"]


def _line(text: str, size: int) -> str:
    return f"  {text:<{_WIDTH}}{size_words(size) if size else '':>10}".rstrip()


def _counted(kind: Kind, number: int) -> str:
    return f"{number} {_PLURALS[kind]}" if number > 1 and kind in _PLURALS else count(number, kind.value)


def _named(entry: Garbage, now: float) -> str:
    age = max(0.0, now - entry.used)
    unit, noun = (_DAY, "day") if age >= _DAY else (_HOUR, "hour")
    since = count(int(age // unit), noun) if age >= _HOUR else "less than an hour"
    size = f"{size_words(entry.size)}, " if entry.size else ""
    return f"{entry.name}  {size}last used {since} ago"
