"""Owns `why`: the answers of the look ahead for some packages, each with the chain of tasks that leads to its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.schedule.foresee import MAYBE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from build_env.model.task import Plan
    from build_env.schedule.foresee import Answer

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One task: the `verdict` (hit, run, maybe), the `reason`, and for a maybe the tasks up to the one that runs."""

    task: str
    label: str
    verdict: str
    reason: str
    chain: tuple[tuple[str, str], ...] = ()


def explain(plan: Plan, answers: Mapping[str, Answer], packages: Collection[str]) -> list[Explanation]:
    """An explanation for each task of `packages`, in the plan's order; no packages means all tasks."""
    labels = {task.id: f"{task.stage.value} {task.label}" for task in plan}
    return [
        Explanation(
            task=task.id,
            label=labels[task.id],
            verdict=answers[task.id].verdict,
            reason=answers[task.id].reason,
            chain=_chain(task.id, answers, labels),
        )
        for task in plan
        if not packages or task.subject in packages
    ]


def _chain(task: str, answers: Mapping[str, Answer], labels: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """(task, reason) from the task that holds up to the one whose own inputs changed."""
    links = []
    while answers[task].verdict == MAYBE:
        task = answers[task].after
        links.append((labels[task], str(answers[task])))
    return tuple(links)
