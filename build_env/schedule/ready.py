"""Owns the tasks that may start: gives out the first by priority that fits, and lets none be passed over for ever.

Pure. Tasks of the same demand share a queue, so that a decision looks at one task for each demand there is.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.model.identity import TaskName

__all__ = ["PATIENCE", "ReadyTasks"]

# So many tasks of a lower priority may start while the first one does not fit; then everything waits for it.
PATIENCE = 8


class ReadyTasks:
    """The ready tasks, by `priorities` (the highest first, ties by name) and `demands` (bytes)."""

    def __init__(self, priorities: Mapping[TaskName, float], demands: Mapping[TaskName, int]) -> None:
        """None is ready."""
        self._priorities = priorities
        self._demands = demands
        self._queues: dict[int, list[tuple[float, TaskName]]] = {}
        self._members: set[TaskName] = set()
        self._passed: dict[TaskName, int] = {}
        self._reserved: TaskName | None = None

    def add(self, task: TaskName) -> None:
        """The task may start."""
        self._members.add(task)
        heappush(self._queues.setdefault(self._demands.get(task, 0), []), (-self._priorities[task], task))

    def discard(self, task: TaskName) -> None:
        """The task will not start; its entry in the queue is dropped when it comes up."""
        self._members.discard(task)
        if task == self._reserved:
            self._reserved = None

    def take(self, fits: Callable[[int], bool]) -> TaskName | None:
        """The task to start now, None when none fits or the machine is kept free for one."""
        heads = [(queue[0], demand) for demand in list(self._queues) if (queue := self._live(demand))]
        if not heads:
            return None
        if self._reserved:
            demand = self._demands[self._reserved]
            return self._remove(self._reserved) if fits(demand) else None
        (_, first), demand = min(heads)
        if fits(demand):
            return self._remove(first)
        fitting = [head for head in heads if fits(head[1])]
        if not fitting:
            return None
        self._passed[first] = self._passed.get(first, 0) + 1
        if self._passed[first] > PATIENCE:
            self._reserved = first
            return None
        return self._remove(min(fitting)[0][1])

    def _remove(self, task: TaskName) -> TaskName:
        self.discard(task)
        self._passed.pop(task, None)
        self._live(self._demands.get(task, 0))
        return task

    def _live(self, demand: int) -> list[tuple[float, TaskName]]:
        """The queue with a ready task at its head; an empty one is forgotten."""
        queue = self._queues[demand]
        while queue and queue[0][1] not in self._members:
            heappop(queue)
        if not queue:
            del self._queues[demand]
        return queue
