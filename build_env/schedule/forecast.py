"""Owns the forecast: how long the rest of a run will take, and what that rests on. Pure: the caller has the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.schedule.edges import edges_of
from build_env.schedule.priorities import chain_seconds, least_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.estimate import Estimate
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan

__all__ = ["Forecast"]


class Forecast:
    """What is left of `plan` on `slots`; a task without an estimate is a hit and takes nothing.

    Told what starts and ends, it keeps sums, so that asking costs as much as there are running tasks. Of the tasks
    that have not ended, `recorded` have times of earlier runs, and `guessed` have not.
    """

    def __init__(self, plan: Plan, estimates: Mapping[TaskName, Estimate], slots: int) -> None:
        """Nothing has started."""
        self._seconds = {task.name: estimates[task.name].seconds for task in plan if task.name in estimates}
        self._chains = chain_seconds(edges_of(plan), self._seconds)
        # The longest chain last: what has ended is dropped from the end.
        self._waiting = sorted(self._chains, key=self._chains.__getitem__)
        self._slots = slots
        self._work = sum(self._seconds.values())
        self._left = set(self._chains)
        self._running: set[TaskName] = set()
        self._estimates = estimates
        self.recorded = sum(estimates[task].recorded for task in self._seconds)
        self.guessed = len(self._seconds) - self.recorded

    def started(self, task: TaskName) -> None:
        """The task runs."""
        self._running.add(task)

    def put_back(self, task: TaskName) -> None:
        """The task does not run any more and has to be done still."""
        self._running.discard(task)

    def ended(self, task: TaskName) -> None:
        """The task has a result."""
        self._running.discard(task)
        if task not in self._left:
            return
        self._left.remove(task)
        if task in self._seconds:
            self._work -= self._seconds[task]
            self.recorded -= self._estimates[task].recorded
            self.guessed -= not self._estimates[task].recorded

    def seconds_left(self, elapsed: Mapping[TaskName, float]) -> float:
        """How long the rest takes: its longest chain, or its work spread over the slots; `elapsed` of what runs.

        A task that takes longer than expected counts as about to end.
        """
        chain, work = self._longest_waiting(), self._work
        for task in self._running:
            own = self._seconds.get(task, 0.0)
            gone = min(own, elapsed.get(task, 0.0))
            chain = max(chain, self._chains[task] - gone)
            work -= gone
        return max(0.0, least_seconds(chain, work, self._slots))

    def _longest_waiting(self) -> float:
        """The longest chain that begins with a task that neither runs nor has ended."""
        held: list[TaskName] = []
        longest = 0.0
        while self._waiting:
            task = self._waiting[-1]
            if task in self._left and task not in self._running:
                longest = self._chains[task]
                break
            self._waiting.pop()
            if task in self._running:  # it may be put back
                held.append(task)
        self._waiting += reversed(held)
        return longest
