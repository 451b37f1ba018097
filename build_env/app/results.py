"""Owns handing the results of a run over to a directory that the user named: what would go to clients, by target."""

from __future__ import annotations

import filecmp
import shutil
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.formats.compare import expected_to_differ
from build_env.formats.registry import is_published
from build_env.model.action import LayerAction
from build_env.model.task import Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from build_env.model.artifact import Artifact
    from build_env.model.identity import TaskName
    from build_env.model.result import RunSummary
    from build_env.model.task import Task
    from build_env.ports import Store

__all__ = ["hand_over"]


def hand_over(summary: RunSummary, store: Store, directory: Path) -> tuple[str, ...]:
    """Copy packages and sources of what was deployed below `directory`, those of each target by themselves.

    And what tells of their builds, as `.changes` do, and all this of what is not deployed because of what was chosen
    about its build. The paths of the files, as the user named the directory. What lies there already is left.
    """
    names = []
    with disk_errors():
        for target, artifact in _published(summary):
            path = directory / target.replace("/", "-") / artifact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            held = store.path(artifact)
            if not path.is_file() or not filecmp.cmp(held, path, shallow=False):
                new = path.with_name(f".{path.name}.new")
                shutil.copyfile(held, new)
                new.replace(path)
            names.append(str(path))
    return tuple(sorted(names))


def _published(summary: RunSummary) -> Iterator[tuple[str, Artifact]]:
    """Each once, with its target: what deployments that are done took, and what was built apart.

    Of a plan that deploys nothing all that its tasks made.
    """
    seen = set()
    nothing = not any(task.deployment for task in summary.tasks)
    for task in summary.tasks:
        if not summary.results[task.name].ok or not (task.deployment or task.choices or nothing):
            continue
        for name in _made_by(task):
            stored = summary.results[name].stored
            for artifact in stored.artifacts if stored else ():
                wanted = is_published(artifact.name) or expected_to_differ(artifact.name)
                if wanted and (task.target, artifact.name) not in seen:
                    seen.add((task.target, artifact.name))
                    yield task.target, artifact


def _made_by(task: Task) -> Iterator[TaskName]:
    """The tasks whose results a deployment takes; of another task itself and its source, if it is no layer."""
    if task.deployment:
        yield from (entry.task for entry in task.inputs)
    elif not isinstance(task.action, LayerAction):
        yield task.name
        yield from (entry.task for entry in task.inputs if entry.place is Place.SOURCE)
