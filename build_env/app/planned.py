"""Owns what planning answers, apart from the planner: a remembered plan is read without importing what makes one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.action import ImageAction

if TYPE_CHECKING:
    from build_env.model.action import ImageRecipe
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan

__all__ = ["Planned"]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, and what a person should be told about it.

    Of a remembered plan tasks may be left out that are up to date: so many as `left_out` says.
    """

    plan: Plan
    notes: tuple[str, ...] = ()
    left_out: int = 0

    @property
    def recipes(self) -> dict[TaskName, ImageRecipe]:
        """What the images of the plan are made from."""
        return {task.name: task.action.recipe for task in self.plan if isinstance(task.action, ImageAction)}
