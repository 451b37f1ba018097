"""Owns what no order of tasks can beat, a little closer than the longest chain and the work per slot.

A task that all others come before or follow is a barrier: the bound holds for each stretch between two barriers, and
the stretches add up. Forks and joins leave slots empty whatever the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.schedule.edges import edges_of
from build_env.schedule.priorities import least_seconds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from build_env.model.identity import TaskName
    from build_env.model.task import Plan

__all__ = ["attainable_seconds", "plain_bound"]


def plain_bound(plan: Plan, seconds: Mapping[TaskName, float], slots: int) -> float:
    """max(critical chain, work / slots)."""
    return _stretch([task.name for task in plan], edges_of(plan).before, seconds, slots)


def attainable_seconds(plan: Plan, seconds: Mapping[TaskName, float], slots: int) -> float:
    """The sum of the bounds of all stretches."""
    edges = edges_of(plan)
    order = [task.name for task in plan]
    barriers = _reached_by_all(order, edges.before) & _reached_by_all(order[::-1], edges.followers)
    total = 0.0
    stretch: list[TaskName] = []
    for task in order:
        if task in barriers:
            total += _stretch(stretch, edges.before, seconds, slots) + seconds[task]
            stretch = []
        else:
            stretch.append(task)
    return total + _stretch(stretch, edges.before, seconds, slots)


def _stretch(
    tasks: Iterable[TaskName],
    before: Mapping[TaskName, Collection[TaskName]],
    seconds: Mapping[TaskName, float],
    slots: int,
) -> float:
    ends: dict[TaskName, float] = {}
    work = 0.0
    for task in tasks:
        ends[task] = seconds[task] + max((ends[other] for other in before[task] if other in ends), default=0.0)
        work += seconds[task]
    return least_seconds(max(ends.values(), default=0.0), work, slots)


def _reached_by_all(order: Iterable[TaskName], before: Mapping[TaskName, Collection[TaskName]]) -> set[TaskName]:
    """The tasks that every task earlier in `order` leads to."""
    found: set[TaskName] = set()
    loose: set[TaskName] = set()
    for task in order:
        if loose.issubset(before[task]):
            found.add(task)
        loose.difference_update(before[task])
        loose.add(task)
    return found
