"""Owns the attempt: one try at one task in one run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from build_env.model.artifact import Isolation
    from build_env.model.identity import TaskName

__all__ = ["Attempt", "AttemptState"]


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
