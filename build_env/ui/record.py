"""Owns what a report remembers of a run: its tasks with times, results and last lines, until the run is over.

Fed with events like a listener; knows no format and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.model.events import (
    Note,
    PlanReady,
    RunFinished,
    TaskFinished,
    TaskOutput,
    TaskRetried,
    TaskStarted,
    TaskWaiting,
)
from build_env.model.result import Status, TaskResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.core.errors import BuildEnvError
    from build_env.model.events import Event
    from build_env.model.identity import TaskName
    from build_env.model.result import RunSummary
    from build_env.model.task import Task

__all__ = ["RunRecord", "TaskRecord"]


@dataclass
class TaskRecord:
    """One task: `began` and `ended` are None for tasks that never started, `result` for those that never ended.

    `covered` is all that its key covers, by name.
    """

    task: Task
    result: TaskResult | None = None
    began: float | None = None
    ended: float | None = None
    tail: tuple[str, ...] = ()
    covered: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`build greet amd64`."""
        return f"{self.task.stage} {self.task.label}"

    @property
    def ran(self) -> bool:
        """Whether its work began in this run."""
        return self.began is not None

    @property
    def seconds(self) -> float:
        """How long it ran, 0 when it did not."""
        return self.ended - self.began if self.began is not None and self.ended is not None else 0.0

    @property
    def status(self) -> Status:
        """How it ended; what was running or waiting when an error ended the run counts as interrupted or not run."""
        if self.result is not None:
            return self.result.status
        return Status.INTERRUPTED if self.ran else Status.NOT_RUN


@dataclass
class RunRecord:
    """Everything a report tells, gathered from the events of one run; a run may have more than one plan."""

    clock: Callable[[], float]
    tasks: dict[TaskName, TaskRecord] = field(default_factory=dict)
    answers: dict[TaskName, str] = field(default_factory=dict)
    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    summary: RunSummary | None = None
    error: BuildEnvError | None = None
    began: float = 0.0
    ended: float = 0.0

    def __post_init__(self) -> None:
        """The run begins when somebody starts to listen."""
        self.began = self.ended = self.clock()

    def take(self, event: Event) -> None:
        """Remember what `event` says."""
        match event:
            case TaskOutput():
                return  # reports read the logs: keeping the lines of a whole run would cost its size in memory
            case TaskRetried() | TaskWaiting():
                return  # the time of a task is that of its last attempt
            case Note(text=text):
                self.notes.append(text)
            case PlanReady():
                self._plan(event)
            case TaskStarted(task=task, covered=covered):
                record = self._of(task)
                record.began, record.covered = self.clock(), covered
            case TaskFinished():
                self._finished(event)
            case RunFinished(summary=summary):
                self.summary = summary
                self.close()

    def fail(self, error: BuildEnvError) -> None:
        """Remember that `error` ended the run before its time."""
        self.error = error
        self.close()

    def close(self) -> None:
        """The run is over: what still seems to run stops now."""
        self.ended = self.clock()
        for record in self.tasks.values():
            if record.ran and record.ended is None:
                record.ended = self.ended

    def reason(self, record: TaskRecord) -> str:
        """Why a task did not run, in words; empty for one that did."""
        if record.status is Status.NOT_RUN:
            because = record.result.because if record.result else None
            cause = self.tasks.get(because) if because else None
            other = cause.name if cause else because
            return f"not run because of {other}" if other else "not run: the run ended before"
        if record.status is Status.INTERRUPTED:
            return "stopped before it ended" if record.ran else "not run: the run was stopped"
        return ""

    def _plan(self, event: PlanReady) -> None:
        for target, architectures in event.plan.targets.items():
            self.targets[target] = tuple(dict.fromkeys((*self.targets.get(target, ()), *architectures)))
        self.answers.update(event.answers)
        for task in event.plan:
            self._of(task)

    def _of(self, task: Task) -> TaskRecord:
        return self.tasks.setdefault(task.name, TaskRecord(task=task))

    def _finished(self, event: TaskFinished) -> None:
        record = self._of(event.task)
        if record.ran and event.result.status is Status.HIT:
            return  # the second plan of a run finds in the store what the first one has just made
        record.result, record.tail = event.result, event.tail
        if record.ran:
            record.ended = self.clock()
