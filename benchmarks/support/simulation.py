"""Owns simulated runs: the real state machine told that tasks end when their seconds are over, and a plain queue."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from build_env.model.estimate import Estimate
from build_env.model.result import Status, TaskResult
from build_env.schedule.resources import Capacity
from build_env.schedule.state import ScheduleState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.identity import TaskName
    from build_env.model.task import Plan

__all__ = ["first_come_first_served", "right_estimates", "simulated"]

_DONE = TaskResult(status=Status.DONE)


def right_estimates(seconds: Mapping[TaskName, float]) -> dict[TaskName, Estimate]:
    """Estimates that will turn out to be true."""
    return {task: Estimate(seconds=value, recorded=True) for task, value in seconds.items()}


def simulated(plan: Plan, estimates: Mapping[TaskName, Estimate], slots: int) -> float:
    """When the last task ends if `ScheduleState` decides and all takes as long as expected."""
    state = ScheduleState(plan, capacity=Capacity(slots=slots), estimates=estimates, keep_going=True)
    running: list[tuple[float, TaskName]] = []
    now = 0.0
    while not state.over:
        while task := state.next_task():
            heappush(running, (now + estimates[task.name].seconds, task.name))
        now, ended = heappop(running)
        state.finish(ended, _DONE)
    return now


def first_come_first_served(plan: Plan, seconds: Mapping[TaskName, float], slots: int) -> float:
    """When the last task ends if tasks start in the order in which they become ready."""
    missing = {task.name: {entry.task for entry in task.inputs} for task in plan}
    followers: dict[TaskName, list[TaskName]] = {task.name: [] for task in plan}
    for name, before in missing.items():
        for other in before:
            followers[other].append(name)
    line = deque(name for name, before in missing.items() if not before)
    running: list[tuple[float, TaskName]] = []
    now = 0.0
    while line or running:
        while line and len(running) < slots:
            name = line.popleft()
            heappush(running, (now + seconds[name], name))
        now, ended = heappop(running)
        for name in followers[ended]:
            missing[name].discard(ended)
            if not missing[name]:
                line.append(name)
    return now
