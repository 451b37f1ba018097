"""Owns the typed events of a run; the terminal, JSON lines and reports are listeners to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.estimate import Estimate
    from build_env.model.identity import TaskName
    from build_env.model.reason import Reason
    from build_env.model.result import RunSummary, TaskResult
    from build_env.model.task import Plan, Task

__all__ = [
    "Event",
    "Note",
    "PlanReady",
    "RunFinished",
    "TaskFinished",
    "TaskOutput",
    "TaskRetried",
    "TaskStarted",
    "TaskWaiting",
]


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something a person should know that belongs to no task: a set-up step, a warning."""

    text: str


@dataclass(frozen=True, kw_only=True)
class PlanReady:
    """The plan of this run; `answers` maps tasks to `hit`, `run (reason)` or `maybe (after X)`.

    `estimates` has what each task will take that is no hit, `slots` how many run at a time.
    """

    plan: Plan
    answers: Mapping[TaskName, str]
    estimates: Mapping[TaskName, Estimate] = field(default_factory=dict)
    slots: int = 1


@dataclass(frozen=True, kw_only=True)
class TaskStarted:
    """A task's work begins, also when it is tried again; `covered` is all that its key covers, by name."""

    task: Task
    covered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskOutput:
    """A line a task's commands printed, without its line end."""

    task: Task
    line: str


@dataclass(frozen=True, kw_only=True)
class TaskRetried:
    """The engine or the network failed under a task: attempt number `attempt` begins in `delay` seconds."""

    task: Task
    attempt: int
    message: str
    delay: float


@dataclass(frozen=True, kw_only=True)
class TaskWaiting:
    """A task is set aside, because somebody else does it now; `text` says who."""

    task: Task
    text: str


@dataclass(frozen=True, kw_only=True)
class TaskFinished:
    """A task ended, was found in the store, or will not run.

    Of one that failed: `tail` are the lines of its output to show, first those that say why; `reasons` are those alone.
    """

    task: Task
    result: TaskResult
    tail: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunFinished:
    """The run is over."""

    summary: RunSummary


Event = Note | PlanReady | TaskStarted | TaskOutput | TaskRetried | TaskWaiting | TaskFinished | RunFinished
