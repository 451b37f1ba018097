"""Owns the answer to "what happened to it": the recorded attempts that a person asks for, and how times developed.

Only looks. What was built once is told of, also when its package or its target is gone.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.core.suggest import did_you_mean
from build_env.model.attempt import Attempt, AttemptState, Trend
from build_env.store.attempts import OF_TASK, attempts_of, tried_tasks
from build_env.store.database import read_only
from build_env.store.runlock import is_alive
from build_env.targets.discover import match

with imported_later():
    from build_env.packages import read

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from build_env.app.project import Project
    from build_env.model.identity import TaskName

__all__ = ["Asked", "read_history"]

_BEFORE = 20


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which attempts: at tasks of these packages (none: at all tasks), narrowed, the newest `limit` of them."""

    packages: tuple[str, ...] = ()
    target: str = ""
    architectures: tuple[str, ...] = ()
    stage: str = ""
    limit: int = _BEFORE


def read_history(project: Project, asked: Asked) -> tuple[tuple[Attempt, ...], tuple[Trend, ...]]:
    """The attempts, newest first, and the trends of their tasks.

    Raises UsageError when there is none: it says why.
    """
    with read_only(project.paths.build / "store.db") as connection:
        if connection is None:
            raise _nothing(project, asked, ())
        names = tried_tasks(connection)
        if asked.target:
            targets = sorted({*project.target_names(), *(name.target for name in names)})
            asked = replace(asked, target=match(asked.target, targets))
        _refuse_unknown(project, asked, names)
        attempts = _attempts(connection, asked, lambda run: is_alive(project.paths.build, run))
        if not attempts:
            raise _nothing(project, asked, names)
        return attempts, _trends(connection, attempts)


def _attempts(connection: sqlite3.Connection, asked: Asked, alive: Callable[[str], bool]) -> tuple[Attempt, ...]:
    """What is written as running and belongs to a dead run is lost; the next run will write that, too."""
    attempts = attempts_of(connection, lambda task: _fits(task, asked))
    return tuple(
        replace(attempt, state=AttemptState.LOST)
        if attempt.state is AttemptState.RUNNING and not alive(attempt.run)
        else attempt
        for attempt in islice(attempts, asked.limit)
    )


def _trends(connection: sqlite3.Connection, attempts: Sequence[Attempt]) -> tuple[Trend, ...]:
    """Only of tasks that were done at least twice."""
    query = f"SELECT seconds FROM attempt WHERE {OF_TASK} AND state = 'done' ORDER BY began DESC LIMIT ?"  # noqa: S608 - constants only
    trends = []
    for task in dict.fromkeys(attempt.task for attempt in attempts):
        times = [float(row[0]) for row in connection.execute(query, (*task, _BEFORE + 1))]
        if len(times) > 1:
            before = statistics.median(times[1:])
            trends.append(Trend(task=task, last=times[0], before=before, of=len(times) - 1))
    return tuple(trends)


def _fits(name: TaskName, asked: Asked) -> bool:
    return (
        (not asked.packages or (name.of_package and name.subject in asked.packages))
        and asked.target in {"", name.target}
        and asked.stage in {"", name.stage}
        and (not asked.architectures or name.architecture in {"", "all", "source", *asked.architectures})
    )


def _refuse_unknown(project: Project, asked: Asked, names: Sequence[TaskName]) -> None:
    """A package that is neither there nor was ever built is a wrong name."""
    built = {name.subject for name in names if name.of_package}
    known = {*read.package_names(project.paths), *built}
    for package in asked.packages:
        if package not in known:
            raise UsageError(
                f"there is no package {package}{did_you_mean(package, known)}",
                hint="build-env list packages shows what there is",
            )


def _nothing(project: Project, asked: Asked, names: Sequence[TaskName]) -> UsageError:
    """Nothing fits: never built, or asked for too narrowly."""
    _refuse_unknown(project, asked, names)
    anywhere = replace(asked, target="", architectures=(), stage="")
    there = [name for name in names if _fits(name, anywhere)]
    subject = ", ".join(asked.packages)
    if there:
        listed = dict.fromkeys(" ".join(filter(None, (name.stage, name.label, name.target))) for name in there)
        return UsageError(
            f"no such attempt{f' at {subject}' if subject else ''}", hint=f"there are: {', '.join(listed)}"
        )
    build = f"build-all --target {asked.target or 'TARGET'}{f' {asked.packages[0]}' if subject else ''}"
    return UsageError(
        f"{subject or 'nothing'} was {'never ' if subject else ''}built in this checkout", hint=f"build it: {build}"
    )
