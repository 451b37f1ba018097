"""Owns `why`: the answers of the look ahead for some packages, each with the chain of tasks that leads to its cause."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from build_env.model.identity import TaskName
    from build_env.model.task import Plan
    from build_env.schedule.foresee import Answer

__all__ = ["Explanation", "explain"]


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One task: the `verdict` (hit, run, maybe), the `reason`, and for a maybe the tasks up to the one that runs."""

    task: TaskName
    label: str
    verdict: str
    reason: str
    chain: tuple[tuple[str, str], ...] = ()


def explain(plan: Plan, answers: Mapping[TaskName, Answer], packages: Collection[str]) -> list[Explanation]:
    """An explanation for each task of `packages`, in the plan's order; no packages means all tasks."""
    labels = {task.name: f"{task.stage} {task.label}" for task in plan}
    return [
        Explanation(
            task=task.name,
            label=labels[task.name],
            verdict=answers[task.name].verdict,
            reason=answers[task.name].reason,
            chain=_chain(task.name, answers, labels),
        )
        for task in plan
        if not packages or task.subject in packages
    ]


def _chain(
    task: TaskName, answers: Mapping[TaskName, Answer], labels: Mapping[TaskName, str]
) -> tuple[tuple[str, str], ...]:
    """(task, reason) from the task that holds up to the one whose own inputs changed."""
    links = []
    while other := answers[task].after:
        task = other
        links.append((labels[task], str(answers[task])))
    return tuple(links)
