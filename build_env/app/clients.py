"""Owns which views a run deployed into, for the lines that a person is told: how clients read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.formats.view import View
from build_env.publish.model import CHANNEL
from build_env.publish.snapshot import client_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.core.paths import ProjectPaths
    from build_env.model.result import RunSummary

__all__ = ["lines_for_clients"]


def lines_for_clients(paths: ProjectPaths, summary: RunSummary) -> tuple[str, ...]:
    """How apt, dnf and others on this machine read what the run deployed; nothing for views that are not there."""
    return client_lines(paths.repositories / CHANNEL, _views(summary))


def _views(summary: RunSummary) -> Iterator[View]:
    for task in summary.tasks:
        result = summary.results.get(task.name)
        if task.deployment and result and result.ok:
            stored = (summary.results[entry.task].stored for entry in task.inputs)
            yield View(
                format=task.deployment.format,
                target=task.target,
                suite=task.deployment.suite,
                stand_in=any(item.facts.get("stand-in") for item in stored if item),
            )
