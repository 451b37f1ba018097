"""Owns the last lines of a run: what it came to, what it left where, and what to do next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.result import Status
from build_env.model.task import Stage
from build_env.ui.words import count, duration

if TYPE_CHECKING:
    from build_env.model.result import RunSummary, TaskResult
    from build_env.model.task import Task

__all__ = ["next_step", "summary_lines"]


def summary_lines(summary: RunSummary) -> list[str]:
    """The end of a run, a line each."""
    if summary.count(Status.INTERRUPTED):
        done, left = summary.count(Status.DONE), summary.count(Status.INTERRUPTED)
        return [f"stopped {count(done, 'task')} done, {left} left; run the same command again to go on"]
    if summary.count(Status.FAILED):
        return _failed(summary)
    ran = summary.count(Status.DONE)
    if not ran:
        return [f"done    nothing to do: {count(len(summary.tasks), 'task')} up to date ({summary.seconds:.2f}s)"]
    chain = duration(summary.longest_chain)
    lines = [f"done    {count(ran, 'task')} in {duration(summary.seconds)}, longest chain {chain}"]
    hits = summary.count(Status.HIT)
    if hits:
        lines[0] += f", {hits} up to date"
    lines += [f"        {path}" for path in summary.deployed]
    if summary.deployed and any(task.stage is Stage.DEPLOY for task in summary.tasks):
        lines.append(f"next    install from it: {summary.notes[0]}" if summary.notes else "")
    return [line for line in lines if line]


def _failed(summary: RunSummary) -> list[str]:
    blocked: dict[str, list[Task]] = {}
    for task in summary.tasks:
        result = summary.results[task.id]
        if result.status is Status.NOT_RUN:
            blocked.setdefault(result.because, []).append(task)
    names = {task.id: f"{task.stage.value} {task.label}" for task in summary.tasks}
    lost = sum(map(len, blocked.values()))
    not_run = f", {lost} not run because of {'it' if summary.count(Status.FAILED) == 1 else 'them'}" if lost else ""
    lines = [f"failed  {count(summary.count(Status.FAILED), 'task')} failed{not_run}"]
    for because, tasks in blocked.items():
        listed = ", ".join(names[task.id] for task in tasks)
        lines.append(f"        not run because of {names.get(because, because)}: {listed}")
    lines += [f"        {path}" for path in summary.deployed]
    return lines


def next_step(task: Task, result: TaskResult) -> list[str]:
    """What to look at after a failure."""
    lines = [f"        log   {result.log}"] if result.log else []
    if result.hint:
        lines.append(f"        next  {result.hint}")
    elif not result.environment and task.stage is not Stage.IMAGE:
        lines.append(f"        next  build-env shell --failed {task.subject}")
    return lines
