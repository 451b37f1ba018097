"""Owns how the logs to choose from are shown. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.ui.words import columns, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from build_env.model.attempt import TaskLog

__all__ = ["choice_lines"]


def choice_lines(logs: Sequence[TaskLog]) -> list[str]:
    """A line per log as they come, and a command that shows the first."""
    rows = [(log.state, log.task.stage, log.arch, log.task.target, moment(log.changed)) for log in logs]
    return [
        f"logs    of {logs[0].task.subject}, the newest first",
        *(f"  {line}" for line in columns(rows)),
        f"next    build-env log {logs[0].task.subject}{_narrowed(logs)}",
    ]


def _narrowed(logs: Sequence[TaskLog]) -> str:
    """The options that tell the first log from the others, as few as do it."""
    first, rest = logs[0], list(logs[1:])
    options = ""
    choices: tuple[tuple[str, Callable[[TaskLog], str]], ...] = (
        ("--stage", lambda log: log.task.stage),
        ("--arch", lambda log: log.arch),
        ("--target", lambda log: log.task.target),
    )
    for option, value_of in choices:
        value = value_of(first)
        other = [log for log in rest if value_of(log) != value]
        if value and other:
            options += f" {option} {value}"
            rest = [log for log in rest if log not in other]
    return options
