"""Owns how attempts and runs are written in the database and read back."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from build_env.core.later import imported_later
from build_env.model.artifact import Isolation
from build_env.model.identity import TaskName

with imported_later():
    from build_env.model import attempt as model_attempt

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from build_env.model.attempt import Attempt, AttemptState
    from build_env.model.run import Run
    from build_env.store.database import Database

__all__ = [
    "OF_TASK",
    "attempts_of",
    "begin_attempt",
    "ended_attempts",
    "finish_attempt",
    "finish_run",
    "last_ended",
    "lose_attempts",
    "runs_at_work",
    "tried_tasks",
]

OF_TASK = "target = ? AND subject = ? AND stage = ? AND architecture = ?"
_NAME = "target, subject, stage, architecture"
_COLUMNS = f"id, run, {_NAME}, key, state, began, seconds, peak_memory, size, isolation, message, log"
_PARTS = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(4))
_WANTED = f"({_NAME}) IN (SELECT {_PARTS} FROM json_each(?))"  # noqa: S608 - constants only
_HISTORY = f"""
    SELECT {_COLUMNS} FROM (
        SELECT *, row_number() OVER (PARTITION BY {_NAME} ORDER BY began DESC, id) AS place FROM attempt
        WHERE {_WANTED} AND state != 'running'
    ) WHERE place <= ? ORDER BY {_NAME}, place
"""  # noqa: S608 - constants only


def begin_attempt(connection: sqlite3.Connection, run: Run, task: TaskName, key: str, log: str) -> str:
    """Write a new attempt, and its run if this is the first one; the attempt's id."""
    identifier = os.urandom(16).hex()
    connection.execute("INSERT OR IGNORE INTO run VALUES (?, ?, ?, NULL, ?)", (run.id, run.pid, run.began, run.command))
    connection.execute(
        f"INSERT INTO attempt ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, 'running', ?, 0, 0, 0, NULL, '', ?)",  # noqa: S608 - constants only
        (identifier, run.id, *task, key, time.time(), log),
    )
    return identifier


def finish_attempt(connection: sqlite3.Connection, attempt: str, state: AttemptState, **facts: object) -> bool:
    """Write how an attempt ended, with values for other columns; False, and nothing written, if it is not running."""
    columns = {"state": state.value, **facts}
    values = ", ".join(f"{name} = :{name}" for name in columns)
    query = f"UPDATE attempt SET {values} WHERE id = :attempt AND state = 'running'"  # noqa: S608 - names of columns
    return connection.execute(query, {**columns, "attempt": attempt}).rowcount == 1


def finish_run(connection: sqlite3.Connection, run: str) -> None:
    """Write that the run came to its end."""
    connection.execute("UPDATE run SET finished = ? WHERE id = ?", (time.time(), run))


def runs_at_work(database: Database) -> frozenset[str]:
    """The runs that have attempts which have not ended."""
    return frozenset(
        str(row[0]) for row in database.read("SELECT DISTINCT run FROM attempt WHERE state = 'running'", ())
    )


def lose_attempts(connection: sqlite3.Connection, runs: Iterable[str]) -> None:
    """Write that the attempts of these runs, which are dead, came to nothing."""
    connection.executemany(
        "UPDATE attempt SET state = 'lost' WHERE run = ? AND state = 'running'", [(run,) for run in runs]
    )


def ended_attempts(database: Database, tasks: Collection[TaskName], limit: int) -> dict[TaskName, tuple[Attempt, ...]]:
    """The last attempts at each task that have ended, newest first; what cannot be understood is left out.

    Only tasks of which there are attempts are asked for: a first run of many tasks asks for none.
    """
    tried = {TaskName(*map(str, row)) for row in database.read(f"SELECT DISTINCT {_NAME} FROM attempt", ())}  # noqa: S608 - constants only
    tried &= set(tasks)
    attempts: dict[TaskName, list[Attempt]] = {}
    for attempt in _understood(database.read(_HISTORY, (json.dumps(list(tried)), limit)) if tried else ()):
        attempts.setdefault(attempt.task, []).append(attempt)
    return {task: tuple(ended) for task, ended in attempts.items()}


def last_ended(database: Database, task: TaskName) -> Attempt | None:
    """The last attempt at a task that has ended; None when there is none that can be understood."""
    query = f"SELECT {_COLUMNS} FROM attempt WHERE {OF_TASK} AND state != 'running' ORDER BY began DESC, id LIMIT 1"  # noqa: S608 - constants only
    return next(_understood(database.read(query, task)), None)


def tried_tasks(connection: sqlite3.Connection) -> list[TaskName]:
    """All tasks of which there are attempts."""
    return [TaskName(*row) for row in connection.execute(f"SELECT DISTINCT {_NAME} FROM attempt")]  # noqa: S608 - constants only


def attempts_of(connection: sqlite3.Connection, chosen: Callable[[TaskName], bool]) -> Iterator[Attempt]:
    """The attempts at all tasks that are `chosen`, newest first, those at work, too."""
    tasks = [task for task in tried_tasks(connection) if chosen(task)]
    query = f"SELECT {_COLUMNS} FROM attempt WHERE {_WANTED} ORDER BY began DESC, id"  # noqa: S608 - constants only
    return _understood(connection.execute(query, (json.dumps(tasks),)))


def _understood(rows: Iterable[Sequence[object]]) -> Iterator[Attempt]:
    """The attempts in these rows, without those that another version of build-env may have written."""
    for row in rows:
        values = dict(zip(_COLUMNS.split(", "), row, strict=True))
        isolation = values["isolation"]
        task = TaskName(*(str(values.pop(name)) for name in TaskName._fields))
        try:
            attempt = model_attempt.Attempt(
                **{  # type: ignore[arg-type]  # a row of the table that these fields were written to
                    **values,
                    "task": task,
                    "state": model_attempt.AttemptState(str(values["state"])),
                    "isolation": None if isolation is None else Isolation(isolation),  # type: ignore[arg-type]
                }
            )
        except ValueError:
            continue
        yield attempt
