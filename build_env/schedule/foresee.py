"""Owns the look ahead: what a run would do with each task, and the results it can take from the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.plan.keys import final_key
from build_env.ports import ResolvedInput, Work

if TYPE_CHECKING:
    from build_env.model.artifact import StoredResult
    from build_env.model.task import Plan, Task
    from build_env.ports import Executor

__all__ = ["foresee"]


def foresee(plan: Plan, executor: Executor) -> tuple[dict[str, str], dict[str, StoredResult]]:
    """For each task `hit`, `run (reason)` or `maybe (after X)`; and the stored results of the hits."""
    answers: dict[str, str] = {}
    hits: dict[str, StoredResult] = {}
    for task in plan:
        blocked = next((entry.task for entry in task.inputs if entry.task not in hits), "")
        if blocked:
            answers[task.id] = f"maybe (after {_named(plan, blocked)})"
            continue
        stored = executor.find(_work(task, hits))
        if stored is None:
            answers[task.id] = "run (no result is recorded)"
        else:
            answers[task.id] = "hit"
            hits[task.id] = stored
    return answers, hits


def _work(task: Task, hits: dict[str, StoredResult]) -> Work:
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


def _named(plan: Plan, task_id: str) -> str:
    return next(f"{task.stage.value} {task.label}" for task in plan if task.id == task_id)
