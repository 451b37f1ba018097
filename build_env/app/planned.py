"""Owns what planning answers, apart from the planner, which takes long to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.identity import TaskName
    from build_env.model.task import Plan
    from build_env.plan.keys import ImageRecipe

__all__ = ["Planned"]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, the recipes of its images by task, and what a person should be told about it."""

    plan: Plan
    recipes: Mapping[TaskName, ImageRecipe]
    notes: tuple[str, ...] = ()
