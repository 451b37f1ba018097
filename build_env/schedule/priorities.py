"""Owns the order in which ready tasks start: the longest chain first, where that is no worse than first come first.

What makes a built package ready for users counts as much as its build did, so that it follows the build instead of
coming last. Pure. No order of a list is best for every graph: they are compared in simulated time.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from build_env.model.identity import TaskName
    from build_env.schedule.edges import Edges

__all__ = ["chain_seconds", "least_seconds", "priorities", "simulate"]

_SAME = 1 + 1e-9
_SOON = 1.01  # how much longer a run may take for giving results early


def chain_seconds(edges: Edges, seconds: Mapping[TaskName, float]) -> dict[TaskName, float]:
    """For each task the seconds of the longest chain of tasks that begins with it."""
    chains = dict.fromkeys(edges.before, 0.0)
    for task in reversed(list(edges.before)):
        chains[task] = chain = chains[task] + seconds.get(task, 0.0)
        for other in edges.before[task]:
            chains[other] = max(chains[other], chain)
    return chains


def least_seconds(chain: float, work: float, slots: int) -> float:
    """What no order can beat: the longest chain, and all the work spread evenly over the slots."""
    return max(chain, work / slots)


def priorities(
    edges: Edges, seconds: Mapping[TaskName, float], slots: int, finishing: Collection[TaskName] = ()
) -> dict[TaskName, float]:
    """For each task a number; of the ready ones that with the highest starts first.

    It is the longest remaining chain in seconds, for tasks that are `finishing` a package that of its build. Where
    starting tasks as they become ready would end earlier (list schedules have such anomalies), the order of those
    starts is taken instead.
    """
    chains = chain_seconds(edges, seconds)
    early = _with_finishing(edges, chains, finishing) if finishing else chains
    work = sum(seconds.get(task, 0.0) for task in edges.before)
    least = least_seconds(max(chains.values(), default=0.0), work, slots)
    by_early, _ = simulate(edges, seconds, slots, early)
    if by_early <= least * _SAME:
        return early
    as_they_come, starts = simulate(edges, seconds, slots)
    if by_early <= min(as_they_come * _SAME, least * _SOON):
        return early
    by_chain = simulate(edges, seconds, slots, chains)[0] if finishing else by_early
    if by_early <= min(as_they_come * _SAME, by_chain * _SOON):
        return early
    if by_chain <= as_they_come * _SAME:
        return chains
    return {task: float(-place) for place, task in enumerate(starts)}


def _with_finishing(
    edges: Edges, chains: Mapping[TaskName, float], finishing: Collection[TaskName]
) -> dict[TaskName, float]:
    """The chains; finishing tasks have that of the work on their package, and so has what else they need."""
    early = dict(chains)
    needed: set[TaskName] = set()
    for task in reversed(list(edges.before)):
        if task not in finishing and task not in needed:
            continue
        others = [other for other in edges.before[task] if other not in finishing]
        apart = [other for other in others if other.subject != task.subject or other.target != task.target]
        if task in finishing and len(apart) < len(others):
            early[task] = max(early[task], min(chains[other] for other in others if other not in apart))
        for other in apart:
            early[other] = max(early[other], early[task])
            needed.add(other)
    return early


def simulate(
    edges: Edges, seconds: Mapping[TaskName, float], slots: int, order: Mapping[TaskName, float] | None = None
) -> tuple[float, list[TaskName]]:
    """When the last task would end, and the tasks as they would start; without `order` first come, first served."""
    missing = {task: len(before) for task, before in edges.before.items()}
    ranks = {task: -value for task, value in order.items()} if order else {}
    place = 0
    ready: list[tuple[float, TaskName]] = []
    for task, count in missing.items():
        if not count:
            ready.append((ranks[task] if ranks else place, task))
            place += 1
    heapify(ready)
    running: list[tuple[float, TaskName]] = []
    starts: list[TaskName] = []
    now = 0.0
    while ready or running:
        while ready and len(running) < slots:
            _, task = heappop(ready)
            starts.append(task)
            heappush(running, (now + seconds.get(task, 0.0), task))
        now, ended = heappop(running)
        for task in edges.followers[ended]:
            missing[task] -= 1
            if not missing[task]:
                heappush(ready, (ranks[task] if ranks else place, task))
                place += 1
    return now, starts
