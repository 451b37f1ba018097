"""Owns the step from a task of the plan to work that can be done: its inputs by digest, and the key they make."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.formats.registry import is_content
from build_env.model.task import Place, Stage
from build_env.model.work import ResolvedInput, Work
from build_env.plan.keys import key_inputs, key_of
from build_env.schedule.attempting import refuse_damaged
from build_env.schedule.inputs import is_dependency_set, view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName
    from build_env.model.task import Task
    from build_env.ports import Store

__all__ = ["work_of"]


def work_of(task: Task, stored: Mapping[TaskName, StoredResult], store: Store) -> Work:
    """The task with the results `stored` of its inputs, and the key that they make.

    A layer gets only what can be installed into it, so that nothing else of a source or a package is in its key.
    Raises EnvironmentNotReady when a file that must be read for that was damaged since it was a hit.
    """
    inputs = tuple(
        ResolvedInput(task=entry.task, place=entry.place, artifacts=found.artifacts, facts=found.facts)
        for entry in task.inputs
        if (found := stored.get(entry.task)) is not None
    )
    if task.stage == Stage.LAYER:
        refuse_damaged(inputs, store)  # what can be installed is read from the files themselves
        inputs = _installable(inputs, store)
    covered = key_inputs(task.stage, task.static_inputs, inputs, is_content)
    return Work(task=task, key=key_of(covered), covered=covered, inputs=inputs)


def _installable(inputs: tuple[ResolvedInput, ...], store: Store) -> tuple[ResolvedInput, ...]:
    seen = set(view(inputs, store))
    found = []
    for entry in inputs:
        if entry.place is Place.SOURCE:
            chosen = tuple(item for item in entry.artifacts if is_dependency_set(item.name))
        elif entry.place is Place.PACKAGES:
            chosen = tuple(item for item in entry.artifacts if item in seen)
        else:
            chosen = entry.artifacts
        found.append(replace(entry, artifacts=chosen))
    return tuple(found)
