"""Owns how things are written in every mode: durations, counts, status words. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.model.result import Status

if TYPE_CHECKING:
    from build_env.model.task import Task

__all__ = ["RUNNING", "STATUS_WORDS", "count", "duration", "printable", "task_line"]

STATUS_WORDS = {
    Status.DONE: "ok",
    Status.HIT: "hit",
    Status.FAILED: "FAIL",
    Status.NOT_RUN: "skip",
    Status.INTERRUPTED: "stop",
}
RUNNING = "run"
_MINUTE = 60
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def duration(seconds: float) -> str:
    """`3.4s`, `1m07s`, `2h05m`."""
    if seconds < _MINUTE:
        return f"{seconds:.1f}s" if round(seconds, 1) < _MINUTE else "1m00s"
    minutes, rest = divmod(round(seconds), _MINUTE)
    if minutes < _MINUTE:
        return f"{minutes}m{rest:02}s"
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}h{minutes:02}m"


def count(number: int, noun: str) -> str:
    """`1 task`, `9 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def printable(line: str) -> str:
    """A line of a task's output without what would move a terminal's cursor or change its colours.

    Of a line that was drawn over with carriage returns, as progress bars are, the last state.
    """
    shown = _ESCAPES.sub("", line).rstrip("\r").rpartition("\r")[2]
    return _CONTROL.sub("", shown.expandtabs())


def task_line(status: Status | None, task: Task, seconds: float | None, text: str = "") -> str:
    """One line of the listing: status (None: it runs), stage, subject, time, what else there is to say."""
    took = duration(seconds) if seconds is not None else ""
    word = STATUS_WORDS[status] if status else RUNNING
    return f"  {word:<6}{task.stage.value:<9}{task.label:<26}{took:>8}  {text}".rstrip()
