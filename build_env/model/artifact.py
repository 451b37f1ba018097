"""Owns what a task produced: artifacts, named by digest, and the stored result that lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from build_env.model.identity import NO_TASK, TaskName

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Artifact", "Isolation", "StoredResult"]


class Isolation(IntEnum):
    """How far a room was from the rest of the machine; a result satisfies a run that asks for its rank or less."""

    CONTINUED = 0
    NATIVE = 1
    REUSED = 2
    FRESH = 3


@dataclass(frozen=True, kw_only=True, order=True)
class Artifact:
    """One file: its `name` in the room's out directory, hex sha256 `digest`, `size` in bytes."""

    name: str
    digest: str
    size: int


@dataclass(frozen=True, kw_only=True)
class StoredResult:
    """What the store remembers of one successful task.

    `facts` are small strings about the result that are no artifact: the engine's image, the stand-in mark.
    `task` names the task that it is a result of, `inputs` all that its key covers, by name. `peak_memory` is
    in bytes, 0 where it is not known; `log` is the path of the task's log.
    """

    key: str
    artifacts: tuple[Artifact, ...]
    isolation: Isolation
    seconds: float
    facts: Mapping[str, str] = field(default_factory=dict)
    task: TaskName = NO_TASK
    inputs: Mapping[str, str] = field(default_factory=dict)
    peak_memory: int = 0
    log: str = ""
