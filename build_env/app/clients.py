"""Owns what a person is told after a deploy: the lines with which clients read the repositories. Signatures stay on."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

from build_env.model.task import Stage
from build_env.publish.layout import repository_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from build_env.core.paths import ProjectPaths
    from build_env.model.command import Deployment
    from build_env.model.result import RunSummary
    from build_env.model.task import Task

__all__ = ["client_lines"]

_APT_KEY = "archive-key.asc"
_RPM_KEY = "RPM-GPG-KEY-build-env"


def client_lines(paths: ProjectPaths, summary: RunSummary) -> tuple[str, ...]:
    """How apt and dnf on this machine read what the run deployed; nothing for repositories that are not there."""
    lines: dict[str, None] = {}
    for task in summary.tasks:
        result = summary.results.get(task.name)
        if task.stage == Stage.DEPLOY and task.deployment and result and result.ok:
            repository = paths.repositories / _directory(task, summary)
            lines.update(dict.fromkeys(_lines(repository, task.deployment)))
    return tuple(lines)


def _directory(task: Task, summary: RunSummary) -> str:
    """As the publisher names it: results of a stand-in base have a repository of their own."""
    stored = (summary.results[entry.task].stored for entry in task.inputs)
    stand_in = any(item.facts.get("stand-in") for item in stored if item)
    return repository_name(task.target, stand_in=stand_in)


def _lines(repository: Path, deployment: Deployment) -> Iterator[str]:
    address = f"file://{quote(str(repository))}"
    if deployment.format == "deb" and (key := repository / _APT_KEY).is_file():
        yield "install from it: put this line into /etc/apt/sources.list.d/build-env.list"
        yield f"deb [signed-by={key}] {address} {deployment.suite} main"
    elif deployment.format == "rpm" and (repository / _RPM_KEY).is_file():
        name = "build-env-" + repository.relative_to(repository.parent.parent).as_posix().replace("/", "-")
        options = [
            f"--repofrompath={name},{address}",
            f"--setopt={name}.gpgkey={address}/{_RPM_KEY}",
            f"--setopt={name}.gpgcheck=1",
            f"--setopt={name}.repo_gpgcheck=1",
        ]
        yield "install from it: call dnf with this repository"
        yield f"dnf {shlex.join(options)} install PACKAGE"
