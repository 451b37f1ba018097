"""Owns which tasks are tried again after trouble of the engine or the network, and when. Knows a clock, no thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from build_env.model.events import TaskRetried

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.identity import TaskName
    from build_env.model.task import Task

__all__ = ["Retries"]

_FIRST, _FACTOR = 1.0, 4.0  # seconds: 1, 4, 16


@dataclass
class Retries:
    """Each task gets `most` more attempts."""

    most: int
    clock: Callable[[], float]
    _failed: dict[TaskName, int] = field(default_factory=dict)
    _due: list[tuple[float, TaskName]] = field(default_factory=list)

    def again(self, task: Task, message: str) -> TaskRetried | None:
        """Note that an attempt failed; the event of the next one, None when there is none."""
        failed = self._failed[task.name] = self._failed.get(task.name, 0) + 1
        if failed > self.most:
            return None
        delay = _FIRST * _FACTOR ** (failed - 1)
        heappush(self._due, (self.clock() + delay, task.name))
        return TaskRetried(task=task, attempt=failed + 1, message=message, delay=delay)

    def due(self) -> list[TaskName]:
        """The tasks whose time has come; each is named once."""
        now = self.clock()
        names = []
        while self._due and self._due[0][0] <= now:
            names.append(heappop(self._due)[1])
        return names

    def patience(self) -> float | None:
        """Seconds until the next task is due, None when none is."""
        return max(0.0, self._due[0][0] - self.clock()) if self._due else None
