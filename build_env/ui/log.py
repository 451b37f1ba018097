"""Owns how it is told which log is shown, and how the others are reached. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.ui.words import count, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from build_env.model.attempt import TaskLog

__all__ = ["choice_lines"]

_LISTED = 8


def choice_lines(chosen: TaskLog, others: Sequence[TaskLog]) -> list[str]:
    """Nothing where there was nothing to choose; else the chosen one, and the options that show each of the others."""
    if not others:
        return []
    name = " ".join(filter(None, (chosen.task.stage, chosen.task.subject, chosen.arch, chosen.task.target)))
    logs = [chosen, *others]
    lines = [f"{name}: {chosen.state}, {moment(chosen.changed)}"]
    lines += [f"  {log.state:<10}build-env log {log.task.subject}{_narrowed(log, logs)}" for log in others[:_LISTED]]
    if len(others) > _LISTED:
        lines.append(f"  and {count(len(others) - _LISTED, 'other')}: --json lists them")
    return lines


def _narrowed(log: TaskLog, logs: Sequence[TaskLog]) -> str:
    """The options that tell the log from all others, as few as do it."""
    rest = [other for other in logs if other is not log and other.task.subject == log.task.subject]
    options = ""
    choices: tuple[tuple[str, Callable[[TaskLog], str]], ...] = (
        ("--stage", lambda item: item.task.stage),
        ("--arch", lambda item: item.arch),
        ("--target", lambda item: item.task.target),
    )
    for option, value_of in choices:
        value = value_of(log)
        apart = [other for other in rest if value_of(other) != value]
        if value and apart:
            options += f" {option} {value}"
            rest = [other for other in rest if other not in apart]
    return options
