"""Owns what planning answers, apart from the planner, which takes long to import."""

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
    """A plan, and what a person should be told about it."""

    plan: Plan
    notes: tuple[str, ...] = ()

    @property
    def recipes(self) -> dict[TaskName, ImageRecipe]:
        """What the images of the plan are made from."""
        return {task.name: task.action.recipe for task in self.plan if isinstance(task.action, ImageAction)}
