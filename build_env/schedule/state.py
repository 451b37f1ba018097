"""Owns the decisions of a run: which task may start, and what an ended task means for those that need it.

Pure: no clock, no thread, no file. The loop tells it what happened and does what it says.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING

from build_env.model.result import Status, TaskResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.task import Plan, Task

__all__ = ["ScheduleState", "chain_lengths", "longest_chain"]


def chain_lengths(plan: Plan) -> dict[str, int]:
    """For each task the number of tasks on the longest chain that begins with it."""
    lengths: dict[str, int] = {task.id: 1 for task in plan}
    for task in reversed(plan.tasks):
        for before in _before(task):
            lengths[before] = max(lengths[before], lengths[task.id] + 1)
    return lengths


def longest_chain(plan: Plan, results: Mapping[str, TaskResult]) -> float:
    """Seconds of the longest chain of tasks that really ran: no number of slots makes the run shorter."""
    ends: dict[str, float] = {}
    for task in plan:
        result = results.get(task.id)
        own = result.seconds if result and result.status is not Status.HIT else 0.0
        ends[task.id] = own + max((ends[before] for before in _before(task)), default=0.0)
    return max(ends.values(), default=0.0)


class ScheduleState:
    """The state of one run of `plan`."""

    def __init__(self, plan: Plan, *, keep_going: bool) -> None:
        """Everything waits; tasks without inputs are ready."""
        self._tasks = {task.id: task for task in plan}
        self._chains = chain_lengths(plan)
        self._keep_going = keep_going
        self._waiting = {task.id: {*_before(task)} for task in plan}
        self._followers: dict[str, list[str]] = {task.id: [] for task in plan}
        for task in plan:
            for before in {*_before(task)}:
                self._followers[before].append(task.id)
        self._ready: set[str] = set()
        self._queue: list[tuple[int, str]] = []
        for task in plan:
            if not self._waiting[task.id]:
                self._make_ready(task.id)
        self._stopped_by = ""
        self.results: dict[str, TaskResult] = {}
        self.running: set[str] = set()

    @property
    def over(self) -> bool:
        """Whether every task has ended."""
        return len(self.results) == len(self._tasks)

    def next_task(self) -> Task | None:
        """The ready task to start now, the one with the longest chain behind it first; it counts as running."""
        while self._queue and not self._stopped_by:
            _, chosen = heappop(self._queue)
            if chosen in self._ready:  # not one that was dropped meanwhile
                self._ready.discard(chosen)
                self.running.add(chosen)
                return self._tasks[chosen]
        return None

    def finish(self, task_id: str, result: TaskResult) -> list[tuple[Task, TaskResult]]:
        """Note how a task ended; returns the tasks that therefore will not run, with their results."""
        self.running.discard(task_id)
        self.results[task_id] = result
        dropped: list[tuple[Task, TaskResult]] = []
        self._release(task_id, dropped)
        if not result.ok and not self._keep_going and not self._stopped_by:
            self._stopped_by = task_id
        if self._stopped_by:
            dropped += self._drop_rest()
        return dropped

    def stop(self, reason: TaskResult) -> list[tuple[Task, TaskResult]]:
        """End everything that does not run yet with `reason`."""
        self._stopped_by = self._stopped_by or "interrupt"  # no task is called so: ids hold colons
        rest = [task for key, task in self._tasks.items() if key not in self.results and key not in self.running]
        for task in rest:
            self.results[task.id] = reason
        self._ready.clear()
        return [(task, reason) for task in rest]

    def _make_ready(self, task_id: str) -> None:
        """Let the task be chosen: by its chain, then by its name, so that a run can be repeated."""
        self._ready.add(task_id)
        heappush(self._queue, (-self._chains[task_id], task_id))

    def _release(self, task_id: str, dropped: list[tuple[Task, TaskResult]]) -> None:
        """Take `task_id` off what its followers wait for; those that need it and cannot have it end, too."""
        ended = [task_id]
        while ended:
            before = ended.pop()
            ok = self.results[before].ok
            for follower in self._followers[before]:
                if follower in self.results:
                    continue
                self._waiting[follower].discard(before)
                if not ok and any(entry.task == before for entry in self._tasks[follower].inputs):
                    dropped.append(self._drop(follower, self.results[before].because or before))
                    ended.append(follower)
                elif not self._waiting[follower]:
                    self._make_ready(follower)

    def _drop(self, task_id: str, because: str) -> tuple[Task, TaskResult]:
        self.results[task_id] = TaskResult(status=Status.NOT_RUN, because=because)
        self._ready.discard(task_id)
        return self._tasks[task_id], self.results[task_id]

    def _drop_rest(self) -> list[tuple[Task, TaskResult]]:
        """Without `--keep-going` nothing new starts after a failure; what runs may end."""
        if self.running:
            return []
        return self.stop(TaskResult(status=Status.NOT_RUN, because=self._stopped_by))


def _before(task: Task) -> set[str]:
    return {*(entry.task for entry in task.inputs), *task.after}
