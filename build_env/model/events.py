"""Owns the typed events of a run; the terminal, JSON lines and reports are listeners to them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.result import RunSummary, TaskResult
    from build_env.model.task import Plan, Task

__all__ = ["Event", "Note", "PlanReady", "RunFinished", "TaskFinished", "TaskOutput", "TaskStarted"]


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something a person should know that belongs to no task: a set-up step, a warning."""

    text: str


@dataclass(frozen=True, kw_only=True)
class PlanReady:
    """The plan of this run; `answers` maps task ids to `hit`, `run (reason)` or `maybe (after X)`."""

    plan: Plan
    answers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class TaskStarted:
    """A task's work begins; `covered` is all that its key covers, by name."""

    task: Task
    covered: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskOutput:
    """A line a task's commands printed, without its line end."""

    task: Task
    line: str


@dataclass(frozen=True, kw_only=True)
class TaskFinished:
    """A task ended, was found in the store, or will not run."""

    task: Task
    result: TaskResult
    tail: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunFinished:
    """The run is over."""

    summary: RunSummary


Event = Note | PlanReady | TaskStarted | TaskOutput | TaskFinished | RunFinished
