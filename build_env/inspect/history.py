"""Owns the answer to "what happened to it": the recorded attempts that a person asks for, and how times developed.

Only looks. What was built once is told of, also when its package or its target is gone.
"""

from __future__ import annotations

import statistics
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.core.suggest import mistyped
from build_env.model.attempt import Attempt, AttemptState, Narrowing, Trend
from build_env.store.attempts import OF_TASK, attempts_of, tried_tasks
from build_env.store.database import read_only
from build_env.store.runlock import is_alive
from build_env.targets.discover import match

with imported_later():
    from build_env.packages import read

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.model.identity import TaskName

__all__ = ["nothing_fits", "read_history"]

_BEFORE = 20


def read_history(project: Project, asked: Narrowing, limit: int) -> tuple[tuple[Attempt, ...], tuple[Trend, ...]]:
    """The newest `limit` attempts, newest first, and the trends of their tasks.

    Raises UsageError when there is none: it says why.
    """
    with read_only(project.paths.build / "store.db") as connection:
        # An image may be called as a package is.
        tried = tried_tasks(connection) if connection else []
        names = [name for name in tried if name.of_package or not asked.packages]
        if asked.target:
            targets = sorted({*project.target_names(), *(name.target for name in names)})
            asked = replace(asked, target=match(asked.target, targets))
        _refuse_unknown(project, asked, names)
        fitting = frozenset(filter(asked.fits, names))
        attempts = tuple(islice(_attempts(connection, fitting, project.paths.build), limit)) if connection else ()
        if connection is None or not attempts:
            raise nothing_fits(project, asked, names, "attempt")
        return attempts, _trends(connection, attempts)


def _attempts(connection: sqlite3.Connection, tasks: Collection[TaskName], build: Path) -> Iterator[Attempt]:
    """What is written as running and belongs to a dead run is lost; the next run will write that, too."""
    for attempt in attempts_of(connection, tasks.__contains__):
        lost = attempt.state is AttemptState.RUNNING and not is_alive(build, attempt.run)
        yield replace(attempt, state=AttemptState.LOST) if lost else attempt


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


def nothing_fits(project: Project, asked: Narrowing, tasks: Collection[TaskName], what: str) -> UsageError:
    """Why there is no `what` of the `tasks` that there are: a wrong name, never built, or asked for too narrowly."""
    _refuse_unknown(project, asked, tasks)
    there = [task for task in tasks if Narrowing(packages=asked.packages).fits(task)]
    subject = ", ".join(asked.packages)
    if there:
        listed = dict.fromkeys(" ".join(filter(None, (task.stage, task.label, task.target))) for task in there)
        owner = f"{subject} has" if subject else "there is"
        return UsageError(f"{owner} no such {what}", hint=f"there are: {', '.join(listed)}")
    build = f"build-all --target {asked.target or 'TARGET'}{f' {asked.packages[0]}' if subject else ''}"
    return UsageError(
        f"{subject or 'nothing'} was {'never ' if subject else ''}built in this checkout", hint=f"build it: {build}"
    )


def _refuse_unknown(project: Project, asked: Narrowing, tasks: Collection[TaskName]) -> None:
    """A package that is neither there nor was ever built is a wrong name."""
    known = {*read.package_names(project.paths), *(task.subject for task in tasks)}
    for package in asked.packages:
        if package not in known:
            hint = "build-env list packages shows what there is"
            raise mistyped(f"there is no package {package}", package, known, hint=hint)
