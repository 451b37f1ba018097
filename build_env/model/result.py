"""Owns how a task ended and what a whole run came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.artifact import Isolation, StoredResult
    from build_env.model.identity import TaskName
    from build_env.model.task import Task

__all__ = ["RunSummary", "Status", "TaskResult"]


class Status(StrEnum):
    """How a task ended."""

    DONE = "done"
    HIT = "hit"
    FAILED = "failed"
    NOT_RUN = "not-run"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class TaskResult:
    """How one task ended. `message` says why it failed, `because` names the task that kept it from running.

    `environment` tells that the machine and not the package was at fault (exit code 4).
    `isolation` is the rank of the room in which commands failed; None when none did.
    """

    status: Status
    seconds: float = 0.0
    message: str = ""
    hint: str = ""
    because: TaskName | None = None
    log: str = ""
    environment: bool = False
    isolation: Isolation | None = None
    stored: StoredResult | None = None

    @property
    def ok(self) -> bool:
        """Whether tasks that need this one may run."""
        return self.status in {Status.DONE, Status.HIT}


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What a run came to: results by task, wall seconds, the longest chain of task seconds, deployed files.

    `notes` are the lines that say what to do next. `up_to_date` counts tasks that were not even listed, because the
    plan of an earlier run holds and all its results are there.
    """

    tasks: tuple[Task, ...]
    results: Mapping[TaskName, TaskResult]
    seconds: float
    longest_chain: float
    deployed: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    up_to_date: int = 0

    @property
    def exit_code(self) -> int:
        """130 interrupted, 4 the environment's fault, 1 a task failed, 0 done."""
        if self.count(Status.INTERRUPTED):
            return 130
        failed = [result for result in self.results.values() if result.status is Status.FAILED]
        if failed:
            return 4 if all(result.environment for result in failed) else 1
        return 0

    def count(self, status: Status) -> int:
        """How many tasks ended as `status`."""
        return sum(result.status is status for result in self.results.values())
