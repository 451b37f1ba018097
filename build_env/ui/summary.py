"""Owns the last lines of a run: what it came to, what it left where, and what to do next. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.core.visible import listed
from build_env.model.action import LayerAction
from build_env.model.artifact import Isolation
from build_env.model.result import Status
from build_env.ui.words import count, duration

if TYPE_CHECKING:
    from build_env.model.identity import TaskName
    from build_env.model.result import RunSummary, TaskResult
    from build_env.model.task import Task

__all__ = ["next_step", "summary_lines"]

_MARGIN = "        "
_PATHS = 50  # more of them are counted
_GO_ON = "with --keep-going a run goes on"


def summary_lines(summary: RunSummary) -> list[str]:
    """The end of a run, a line each."""
    if summary.count(Status.INTERRUPTED):
        done, left = summary.count(Status.DONE), summary.count(Status.INTERRUPTED)
        published = [f"{_MARGIN}published, because whole:", *_paths(summary)] if summary.deployed else []
        stopped = f"stopped {count(done, 'task')} done, {left} left"
        return [stopped, *published, "next    the same command goes on where it stopped"]
    if summary.count(Status.FAILED):
        return [*_failed(summary), *_results(summary)]
    ran = summary.count(Status.DONE)
    if not ran:
        tasks = len(summary.tasks) + summary.up_to_date
        return [f"done    nothing to do: {count(tasks, 'task')} up to date ({summary.seconds:.2f}s)"]
    hits = summary.count(Status.HIT)
    others = f", {hits} up to date" if hits else ""
    chain = duration(summary.longest_chain)
    return [
        f"done    {count(ran, 'task')} in {duration(summary.seconds)}, longest chain {chain}{others}",
        *_results(summary),
    ]


def _results(summary: RunSummary) -> list[str]:
    """The deployed files, and how clients get them."""
    notes = [f"{'next    ' if number == 0 else _MARGIN}{line}" for number, line in enumerate(summary.notes)]
    return [*_paths(summary), *notes]


def _paths(summary: RunSummary) -> list[str]:
    lines = [f"{_MARGIN}{path}" for path in summary.deployed[:_PATHS]]
    left = len(summary.deployed) - len(lines)
    return [*lines, f"{_MARGIN}and {left} more beside them"] if left else lines


def _failed(summary: RunSummary) -> list[str]:
    names = {task.name: f"{task.stage} {task.label}" for task in summary.tasks}
    blocked: dict[TaskName, list[str]] = {}
    for task in summary.tasks:
        result = summary.results[task.name]
        if result.status is Status.NOT_RUN and result.because:
            blocked.setdefault(result.because, []).append(names[task.name])
    lines = [_headline(summary, sum(map(len, blocked.values())))]
    lines += [
        f"{_MARGIN}not run because of {names.get(because, str(because))}: {listed(lost)}"
        for because, lost in blocked.items()
    ]
    left = summary.count(Status.NOT_RUN) - sum(map(len, blocked.values()))
    if left:
        lines.append(f"{_MARGIN}{count(left, 'task')} not begun that {_need(left)} nothing that failed; {_GO_ON}")
    return lines


def _need(number: int) -> str:
    return "needs" if number == 1 else "need"


def _headline(summary: RunSummary, lost: int) -> str:
    failed = [result for result in summary.results.values() if result.status is Status.FAILED]
    machine = sum(result.environment for result in failed)
    parts = []
    if len(failed) > machine:
        parts.append(f"{count(len(failed) - machine, 'task')} failed")
    if machine:
        parts.append(f"{count(machine, 'task')} could not run on this machine")
    if lost:
        parts.append(f"{lost} not run because of {'it' if len(failed) == 1 else 'them'}")
    return f"failed  {', '.join(parts)}"


def next_step(task: Task, result: TaskResult) -> list[str]:
    """What to look at after a failure; only commands that will work."""
    lines = [f"{_MARGIN}log   {result.log}"] if result.log else []
    step = result.hint or _room(task, result)
    return [*lines, f"{_MARGIN}next  {step}"] if step else lines


def _room(task: Task, result: TaskResult) -> str:
    """How to look into the room in which the commands failed; nothing where there is none any more."""
    if task.room is None:
        return ""
    if result.isolation is Isolation.FRESH and not isinstance(task.action, LayerAction):  # a layer leaves no room
        return f"build-env shell --failed {task.name}"
    if result.isolation is Isolation.REUSED:
        arch = f" --arch {task.arch}" if task.arch in MACHINE_TO_DEBIAN.values() else ""
        return f"build-env shell -c --kind {task.room.commands[0].kind.value}{arch} {task.target}"
    return ""
