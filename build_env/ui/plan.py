"""Owns how a plan is shown: a line per task with its answer, with every command when asked. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from build_env.core.canonical import plain
from build_env.model.command import Role
from build_env.model.result import Status
from build_env.model.task import Place
from build_env.ui.jsonl import plan_target_data, task_data
from build_env.ui.plain import plan_headline
from build_env.ui.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from build_env.model.command import Command
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan, Task

__all__ = ["plan_data", "plan_lines"]

_MARGIN = " " * 11


def plan_lines(
    plan: Plan,
    answers: Mapping[TaskName, str],
    *,
    notes: Sequence[str] = (),
    commands: bool,
    hits: bool,
) -> list[str]:
    """The notes, the headline and a line per task; with `commands` also what each does, with `hits` also these."""
    lines = [*(f"note    {note}" for note in notes), plan_headline(plan, answers)]
    shown = [task for task in plan if hits or answers[task.name] != Status.HIT]
    for task in shown:
        lines.append(f"  {task.stage:<9}{task.label:<27} {answers[task.name]}".rstrip())
        if commands:
            lines += [f"{_MARGIN}{line}" for line in _details(task)]
    others = len(plan) - len(shown)
    if shown and others:
        lines.append(f"        {count(others, 'task')} up to date (shown by build-env plan --all)")
    return lines


def plan_data(plan: Plan, answers: Mapping[TaskName, str], notes: Sequence[str] = ()) -> dict[str, Any]:
    """The whole plan as JSON data: every field of every task, and the answers by task id."""
    tasks = [{**task_data(task), **plain(task)} for task in plan]
    return {**plan_target_data(plan), "tasks": tasks, "answers": plain(dict(answers)), "notes": list(notes)}


def _details(task: Task) -> Iterator[str]:
    yield from task.action.words
    layered = any(entry.place is Place.LAYER for entry in task.inputs)
    for command in task.room.commands if task.room else ():
        if command.role is Role.RUN or not layered:
            yield _command(command)


def _command(command: Command) -> str:
    marks = [command.role.value if command.role.value != "run" else "", "network" if command.network else ""]
    settings = [f"{name}={shlex.quote(value)}" for name, value in sorted(command.environment.items())]
    note = " ".join(mark for mark in marks if mark)
    where = f"cd {shlex.quote(command.cwd)} && " if command.cwd != "." else ""
    return f"$ {where}{' '.join([*settings, shlex.join(command.argv)])}" + (f"  ({note})" if note else "")
