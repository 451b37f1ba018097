"""Owns the look ahead: what a run would do with each task, and the results it can take from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.plan.keys import final_key
from build_env.ports import ResolvedInput, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.task import Plan, Task
    from build_env.ports import Executor

__all__ = ["foresee", "work_of"]


def foresee(
    plan: Plan, executor: Executor, shortcut: Callable[[Task], StoredResult | None] | None = None
) -> tuple[dict[str, str], dict[str, StoredResult]]:
    """For each task `hit`, `run (reason)` or `maybe (after X)`; and the stored results of the hits.

    `shortcut` may know a task's result without its key being computed.
    """
    labels = {task.id: f"{task.stage.value} {task.label}" for task in plan}
    answers: dict[str, str] = {}
    hits: dict[str, StoredResult] = {}
    for task in plan:
        blocked = next((entry.task for entry in task.inputs if entry.task not in hits), "")
        if blocked:
            answers[task.id] = f"maybe (after {labels[blocked]})"
            continue
        stored = (shortcut(task) if shortcut else None) or executor.find(work_of(task, hits))
        if stored is None:
            answers[task.id] = "run (no result is recorded)"
        else:
            answers[task.id] = "hit"
            hits[task.id] = stored
    return answers, hits


def work_of(task: Task, hits: Mapping[str, StoredResult]) -> Work:
    """The task with its inputs and the key that they make."""
    inputs = tuple(
        ResolvedInput(
            task=entry.task,
            place=entry.place,
            artifacts=hits[entry.task].artifacts,
            facts=hits[entry.task].facts,
        )
        for entry in task.inputs
    )
    return Work(task=task, key=final_key(task.static_key, inputs), inputs=inputs)
