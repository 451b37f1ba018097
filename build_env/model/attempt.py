"""Owns the attempt, one try at one task in one run, and what is told of several: their trend, the log of the last."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.model.artifact import Isolation
    from build_env.model.identity import TaskName

__all__ = ["Attempt", "AttemptState", "Narrowing", "TaskLog", "Trend"]


class AttemptState(StrEnum):
    """How a try stands. Only `FAILED` is a fact about the package; a `LOST` one was running when its run died."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INFRASTRUCTURE = "infrastructure"
    INTERRUPTED = "interrupted"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at one task.

    `began` counts seconds since the epoch, `peak_memory` bytes (0: unknown), `size` the bytes of all artifacts.
    `isolation` is the rank of the room, None where there was none.
    """

    id: str
    run: str
    task: TaskName
    key: str
    state: AttemptState
    began: float
    seconds: float = 0.0
    peak_memory: int = 0
    size: int = 0
    isolation: Isolation | None = None
    message: str = ""
    log: str = ""


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """Which tasks of earlier runs: of these packages or images, one target, some architectures, a stage; none: all."""

    packages: tuple[str, ...] = ()
    target: str = ""
    architectures: tuple[str, ...] = ()
    stage: str = ""

    def fits(self, task: TaskName) -> bool:
        """Whether `task` is one of them; what serves every architecture is."""
        return (
            (not self.packages or task.subject in self.packages)
            and self.target in {"", task.target}
            and self.stage in {"", task.stage}
            and (not self.architectures or task.architecture in {"", "all", "source", *self.architectures})
        )


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How long the last good attempt at a task took, and the median of up to 20 good ones before."""

    task: TaskName
    last: float
    before: float
    of: int


@dataclass(frozen=True, kw_only=True)
class TaskLog:
    """The log of the last attempt at one task; `changed` is seconds since the epoch, `state` a word for people."""

    path: Path
    task: TaskName
    state: str
    changed: float
    size: int

    @property
    def arch(self) -> str:
        """The architecture, empty where the task has none or serves all."""
        return "" if self.task.architecture == self.task.stage else self.task.architecture
