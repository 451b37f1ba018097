"""Owns how things are written in every mode: durations, counts, status words. Pure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from build_env.model.result import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from build_env.model.task import Task

__all__ = [
    "RETRY",
    "RUNNING",
    "STATUS_WORDS",
    "WAITING",
    "about",
    "basis",
    "columns",
    "count",
    "duration",
    "moment",
    "targets_words",
    "task_line",
]

STATUS_WORDS = {
    Status.DONE: "ok",
    Status.HIT: "hit",
    Status.FAILED: "FAIL",
    Status.NOT_RUN: "skip",
    Status.INTERRUPTED: "stop",
}
RUNNING = "run"
RETRY = "again"
WAITING = "wait"
_LABEL, _LABEL_AND_TARGET = 26, 36  # columns
_MINUTE = 60


def duration(seconds: float) -> str:
    """`3.4s`, `1m07s`, `2h05m`."""
    if seconds < _MINUTE:
        return f"{seconds:.1f}s" if round(seconds, 1) < _MINUTE else "1m00s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}h{minutes:02}m"


def moment(at: float) -> str:
    """Seconds since the epoch as this machine's time, to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def about(seconds: float) -> str:
    """A time that is only expected, without the digits that nobody can know: `10s`, `3m`, `1h20m`."""
    if seconds < _MINUTE - 5:
        return f"{max(5, 5 * round(seconds / 5))}s"
    minutes = max(1, round(seconds / _MINUTE))
    if minutes < _MINUTE:
        return f"{minutes}m"
    hours, minutes = divmod(10 * round(minutes / 10), _MINUTE)
    return f"{hours}h{minutes:02}m"


def basis(recorded: int, guessed: int) -> str:
    """What an expected time rests on: `from 14 recorded times, 3 guesses`."""
    parts = [count(recorded, "recorded time")] if recorded else []
    if guessed:
        parts.append(f"{guessed} guess{'es' if guessed > 1 else ''}")
    return f"from {', '.join(parts)}"


def targets_words(targets: Mapping[str, Sequence[str]]) -> str:
    """`debian/12 on amd64, arm64`; targets for the same architectures stand together."""
    by_architectures: dict[tuple[str, ...], list[str]] = {}
    for name, architectures in targets.items():
        by_architectures.setdefault(tuple(architectures), []).append(name)
    return "; ".join(f"{', '.join(names)} on {', '.join(archs)}" for archs, names in by_architectures.items())


def count(number: int, noun: str) -> str:
    """`1 task`, `9 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def columns(rows: Sequence[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """A line per row, with columns as wide as their widest cell; in the columns `right` cells end together."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = enumerate(zip(row, widths, strict=True))
        padded = [cell.rjust(width) if place in right else cell.ljust(width) for place, (cell, width) in cells]
        lines.append("  ".join(padded).rstrip())
    return lines


def task_line(status: Status | None, task: Task, seconds: float | None, text: str = "", *, word: str = RUNNING) -> str:
    """One line of the listing: status (None: `word`), stage, subject, time, what else there is to say."""
    took = duration(seconds) if seconds is not None else ""
    word = STATUS_WORDS[status] if status else word
    width = _LABEL_AND_TARGET if task.among_targets else _LABEL
    return f"  {word:<6}{task.stage:<9}{task.label:<{width}}{took:>8}  {text}".rstrip()
