"""Owns how recorded attempts and the trends of their tasks are shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.visible import printable
from build_env.model.attempt import Attempt, AttemptState
from build_env.ui.report.views import size_words
from build_env.ui.words import columns, count, duration, moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.model.attempt import Trend
    from build_env.model.identity import TaskName

__all__ = ["history_lines"]

_SHORT = 6
_HEAD = ("when", "run", "state", "task", "time", "memory", "size", "room")
_RIGHT = frozenset({4, 5, 6})


def history_lines(attempts: Sequence[Attempt], trends: Sequence[Trend], *, complete: bool) -> list[str]:
    """A table of attempts as they come, each message below its row."""
    head, *rows = columns([_HEAD, *map(_row, attempts)], right=_RIGHT)
    lines = [f"  {head}"]
    for row, attempt in zip(rows, attempts, strict=True):
        lines.append(f"  {row}")
        if attempt.message:
            lines.append(f"    {printable(attempt.message.splitlines()[0])}")
    shown = f"the newest {len(attempts)} attempts" if not complete else count(len(attempts), "attempt")
    return [f"history {shown}, the newest first", *lines, *map(_trend, trends)]


def _row(attempt: Attempt) -> tuple[str, ...]:
    running = attempt.state in {AttemptState.RUNNING, AttemptState.LOST}
    return (
        moment(attempt.began),
        attempt.run[:_SHORT],
        attempt.state.value,
        _task(attempt.task),
        "" if running else duration(attempt.seconds),
        size_words(attempt.peak_memory) if attempt.peak_memory else "",
        size_words(attempt.size) if attempt.size else "",
        attempt.isolation.name.lower() if attempt.isolation is not None else "",
    )


def _trend(trend: Trend) -> str:
    earlier = "the time before" if trend.of == 1 else f"median of the {trend.of} before"
    return f"trend   {_task(trend.task)}: {duration(trend.last)}, {earlier} {duration(trend.before)}"


def _task(name: TaskName) -> str:
    return " ".join(filter(None, (name.stage, name.label, name.target)))
