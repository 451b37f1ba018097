"""Owns the edges of a plan as the schedule needs them: both kinds together, in both directions. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.model.identity import TaskName
    from build_env.model.task import Plan

__all__ = ["Edges", "edges_of"]


@dataclass(frozen=True, kw_only=True)
class Edges:
    """For each task the tasks that must have ended `before` it, and its `followers`; `before` is in the plan's order.

    The order of the plan puts every task behind those before it.
    """

    before: Mapping[TaskName, tuple[TaskName, ...]]
    followers: Mapping[TaskName, Sequence[TaskName]]


def edges_of(plan: Plan) -> Edges:
    """The inputs of each task, and what it only follows."""
    before = {task.name: task.before for task in plan}
    followers: dict[TaskName, list[TaskName]] = {task.name: [] for task in plan}
    for task, others in before.items():
        for other in others:
            followers[other].append(task)
    return Edges(before=before, followers=followers)
