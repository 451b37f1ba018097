"""Owns how recorded attempts and the trends of their tasks are shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from build_env.core.visible import printable
from build_env.model.attempt import Attempt, AttemptState
from build_env.ui.report.views import size_words
from build_env.ui.words import count, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from build_env.model.identity import TaskName

__all__ = ["history_lines"]

_SHORT = 6
_HEAD = ("when", "run", "state", "task", "time", "memory", "size", "room")
_RIGHT = frozenset({4, 5, 6})


class ShownTrend(Protocol):
    """How the time of a task developed."""

    @property
    def task(self) -> TaskName:
        """The task."""

    @property
    def last(self) -> float:
        """Seconds of the last good attempt."""

    @property
    def before(self) -> float:
        """The median of those before."""

    @property
    def of(self) -> int:
        """How many were before."""


def history_lines(
    found: Sequence[Attempt], trends: Sequence[ShownTrend], when: Callable[[float], str], *, complete: bool
) -> list[str]:
    """A table of attempts as they come, each message below its row; `when` writes a time."""
    rows = [_HEAD, *(_row(attempt, when) for attempt in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, attempt in zip(rows, (None, *found), strict=True):
        cells = [
            cell.rjust(width) if place in _RIGHT else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f"  {'  '.join(cells)}".rstrip())
        if attempt and attempt.message:
            lines.append(f"    {printable(attempt.message.splitlines()[0])}")
    shown = f"the newest {len(found)} attempts" if not complete else count(len(found), "attempt")
    return [f"history {shown}, the newest first", *lines, *map(_trend, trends)]


def _row(attempt: Attempt, when: Callable[[float], str]) -> tuple[str, ...]:
    running = attempt.state in {AttemptState.RUNNING, AttemptState.LOST}
    return (
        when(attempt.began),
        attempt.run[:_SHORT],
        attempt.state.value,
        _task(attempt.task),
        "" if running else duration(attempt.seconds),
        size_words(attempt.peak_memory) if attempt.peak_memory else "",
        size_words(attempt.size) if attempt.size else "",
        attempt.isolation.name.lower() if attempt.isolation is not None else "",
    )


def _trend(trend: ShownTrend) -> str:
    earlier = "the time before" if trend.of == 1 else f"median of the {trend.of} before"
    return f"trend   {_task(trend.task)}: {duration(trend.last)}, {earlier} {duration(trend.before)}"


def _task(name: TaskName) -> str:
    return " ".join(filter(None, (name.stage, name.label, name.target)))
