"""Owns the step from a task of the plan to work that can be done: its inputs by digest, and the key they make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.work import ResolvedInput, Work
from build_env.plan.keys import key_inputs, key_of
from build_env.work.registry import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName
    from build_env.model.task import Task
    from build_env.ports import Store

__all__ = ["work_of"]


def work_of(task: Task, stored: Mapping[TaskName, StoredResult], store: Store) -> Work:
    """The task with the results `stored` of its inputs, and the key that they make.

    Raises:
        EnvironmentNotReady: when a file that must be read for that was damaged since it was a hit.
        InputError: when the task must not be done with its inputs.
    """
    kind = kind_of(task.stage)
    resolved = tuple(
        ResolvedInput(entry.task, entry.place, result.artifacts, result.facts)
        for entry in task.inputs
        if (result := stored.get(entry.task)) is not None
    )
    inputs = kind.inputs(task, resolved, store)
    covered = key_inputs(task.static_inputs, inputs, kind.counts)
    return Work(task=task, key=key_of(covered), covered=covered, inputs=inputs)
