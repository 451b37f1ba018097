"""Owns the attempt: one try at one task, however it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from build_env.model.artifact import Isolation

__all__ = ["Attempt", "AttemptState"]


class AttemptState(StrEnum):
    """How far an attempt came; a `LOST` one is of a run that was killed."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INFRASTRUCTURE = "infrastructure"
    INTERRUPTED = "interrupted"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try at a task: `began` in seconds since the epoch, `peak_memory` and `size` in bytes, 0 if not known."""

    id: str
    run: str
    task: str
    key: str
    state: AttemptState
    began: float
    seconds: float = 0.0
    peak_memory: int = 0
    size: int = 0
    isolation: Isolation | None = None
    message: str = ""
    log: str = ""
