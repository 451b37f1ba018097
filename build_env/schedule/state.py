"""Owns the decisions of a run: which task may start, and what an ended task means for those that need it.

Pure: no clock, no thread, no file. The loop tells it what happened and does what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.result import Status, TaskResult
from build_env.schedule.edges import edges_of
from build_env.schedule.priorities import chain_seconds, priorities
from build_env.schedule.ready import ReadyTasks
from build_env.schedule.resources import Tokens
from build_env.work.registry import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.estimate import Estimate
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan, Task
    from build_env.schedule.resources import Capacity

__all__ = ["ScheduleState", "longest_chain"]


def longest_chain(plan: Plan, results: Mapping[TaskName, TaskResult]) -> float:
    """Seconds of the longest chain of tasks that really ran: no number of slots makes the run shorter."""
    ran = {task: result.seconds for task, result in results.items() if result.status is not Status.HIT}
    return max(chain_seconds(edges_of(plan), ran).values(), default=0.0)


class ScheduleState:
    """The state of one run of `plan`. A task waits, is ready, running, or set aside, and has a result in the end.

    `estimates` are what tasks take; one without is a hit and takes no memory. With no estimate at all, tasks count the
    same.
    """

    def __init__(
        self, plan: Plan, *, capacity: Capacity, estimates: Mapping[TaskName, Estimate] | None = None, keep_going: bool
    ) -> None:
        """Everything waits; tasks without inputs are ready."""
        known = estimates or {}
        seconds = {task.name: known[task.name].seconds for task in plan if task.name in known}
        edges = edges_of(plan)
        self._tasks = {task.name: task for task in plan}
        self._keep_going = keep_going
        self._followers = edges.followers
        self._missing = {task: len(before) for task, before in edges.before.items()}
        self._demands = {task.name: capacity.demand(known.get(task.name)) for task in plan}
        self._tokens = Tokens(capacity=capacity)
        finishing = {task.name for task in plan if kind_of(task.stage).finishes}
        order = priorities(edges, seconds or dict.fromkeys(self._tasks, 1.0), capacity.slots, finishing)
        self._ready = ReadyTasks(order, self._demands)
        for task, missing in self._missing.items():
            if not missing:
                self._ready.add(task)
        self.stopping = False  # whether nothing starts any more
        self.results: dict[TaskName, TaskResult] = {}
        self.running: set[TaskName] = set()
        self.aside: set[TaskName] = set()

    @property
    def over(self) -> bool:
        """Whether every task has ended."""
        return len(self.results) == len(self._tasks)

    def next_task(self) -> Task | None:
        """The ready task to start now; it counts as running and holds its tokens."""
        if self.stopping or not self._tokens.slots:
            return None
        chosen = self._ready.take(self._tokens.fit)
        if chosen is None:
            return None
        self._tokens.take(self._demands[chosen])
        self.running.add(chosen)
        return self._tasks[chosen]

    def set_aside(self, task_id: TaskName) -> None:
        """A running task cannot go on for now: it waits without tokens until it is resumed or ends.

        Only while the run is not stopping: nobody would resume it then.
        """
        self._leave(task_id)
        self.aside.add(task_id)

    def resume(self, task_id: TaskName) -> None:
        """A task that was set aside is ready again."""
        self.aside.remove(task_id)
        self._ready.add(task_id)

    def finish(self, task_id: TaskName, result: TaskResult) -> list[tuple[Task, TaskResult]]:
        """Note how a running task, or one set aside, ended; returns those that therefore will not run, with results."""
        if task_id in self.aside:
            self.aside.remove(task_id)
        else:
            self._leave(task_id)
        self.results[task_id] = result
        dropped: list[tuple[Task, TaskResult]] = []
        self._release(task_id, dropped)
        if not result.ok and not self._keep_going and not self.stopping:
            self.stopping = True
        if self.stopping:
            dropped += self._drop_rest()
        return dropped

    def stop(self, reason: TaskResult) -> list[tuple[Task, TaskResult]]:
        """End everything that does not run yet with `reason`."""
        self.stopping = True
        rest = [task for key, task in self._tasks.items() if key not in self.results and key not in self.running]
        for task in rest:
            self.results[task.name] = reason
        self.aside.clear()
        return [(task, reason) for task in rest]

    def _leave(self, task_id: TaskName) -> None:
        """A running task stops running and gives its tokens back."""
        self.running.remove(task_id)
        self._tokens.give(self._demands[task_id])

    def _release(self, task_id: TaskName, dropped: list[tuple[Task, TaskResult]]) -> None:
        """Take `task_id` off what its followers wait for; those that need it and cannot have it end, too."""
        ended = [task_id]
        while ended:
            before = ended.pop()
            ok = self.results[before].ok
            for follower in self._followers[before]:
                if follower in self.results:
                    continue
                self._missing[follower] -= 1
                # What only comes after it in time, without a use for its result, is not kept from running.
                if not ok and any(entry.task == before for entry in self._tasks[follower].inputs):
                    dropped.append(self._drop(follower, self.results[before].because or before))
                    ended.append(follower)
                elif not self._missing[follower]:
                    self._ready.add(follower)

    def _drop(self, task_id: TaskName, because: TaskName) -> tuple[Task, TaskResult]:
        self.results[task_id] = TaskResult(status=Status.NOT_RUN, because=because)
        self._ready.discard(task_id)
        return self._tasks[task_id], self.results[task_id]

    def _drop_rest(self) -> list[tuple[Task, TaskResult]]:
        """Without `--keep-going` nothing new starts after a failure; what runs may end.

        These tasks need nothing that failed, so no task is named as what kept them from running.
        """
        if self.running:
            return []
        return self.stop(TaskResult(status=Status.NOT_RUN))
