"""Owns the attempt: one try at one task in one run, and the run it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from build_env.model.artifact import Isolation

__all__ = ["Attempt", "AttemptState", "Run"]


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


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a plan: who does it, since when (seconds since the epoch), by which command line."""

    id: str
    pid: int
    began: float
    command: str = ""
