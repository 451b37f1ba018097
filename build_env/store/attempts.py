"""Owns how attempts and runs are written in the database and read back."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from build_env.core.errors import StaleAttempt
from build_env.model.artifact import Isolation

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator

    from build_env.model.attempt import Attempt, AttemptState
    from build_env.model.run import Run
    from build_env.store.database import Database

__all__ = [
    "attempts_of",
    "begin_attempt",
    "ended_attempts",
    "finish_attempt",
    "finish_run",
    "lose_attempts",
    "refuse_stale",
    "runs_at_work",
]

_COLUMNS = "id, run, task, key, state, began, seconds, peak_memory, size, isolation, message, log"
_HISTORY = f"""
    SELECT {_COLUMNS} FROM (
        SELECT *, row_number() OVER (PARTITION BY task ORDER BY began DESC, id) AS place FROM attempt
        WHERE task IN (SELECT value FROM json_each(?)) AND state != 'running'
    ) WHERE place <= ? ORDER BY task, place
"""  # noqa: S608 - constants only


def begin_attempt(connection: sqlite3.Connection, run: Run, task: str, key: str) -> str:
    """Write a new attempt, and its run if this is the first one; the attempt's id."""
    identifier = os.urandom(16).hex()
    connection.execute("INSERT OR IGNORE INTO run VALUES (?, ?, ?, NULL, ?)", (run.id, run.pid, run.began, run.command))
    connection.execute(
        f"INSERT INTO attempt ({_COLUMNS}) VALUES (?, ?, ?, ?, 'running', ?, 0, 0, 0, NULL, '', '')",  # noqa: S608 - constants only
        (identifier, run.id, task, key, time.time()),
    )
    return identifier


def finish_attempt(connection: sqlite3.Connection, attempt: str, state: AttemptState, **facts: object) -> bool:
    """Write how an attempt ended, with values for other columns; False, and nothing written, if it is not running."""
    columns = {"state": state.value, **facts}
    values = ", ".join(f"{name} = :{name}" for name in columns)
    query = f"UPDATE attempt SET {values} WHERE id = :attempt AND state = 'running'"  # noqa: S608 - names of columns
    return connection.execute(query, {**columns, "attempt": attempt}).rowcount == 1


def refuse_stale(attempt: str, *, ended: bool) -> None:
    """Raises StaleAttempt unless the attempt could be ended just now."""
    if not ended:
        raise StaleAttempt(
            f"attempt {attempt[:12]} is not at work any more: what it made is not recorded",
            hint="another run took this one for dead, or build/store.db was replaced; run the same command again",
        )


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


def ended_attempts(database: Database, tasks: Collection[str], limit: int) -> dict[str, tuple[Attempt, ...]]:
    """The last attempts at each task that have ended, newest first; what cannot be understood is left out."""
    found: dict[str, list[Attempt]] = {}
    for row in database.read(_HISTORY, (json.dumps(list(tasks)), limit)):
        attempt = _attempt(dict(zip(_COLUMNS.split(", "), row, strict=True)))
        if attempt is not None:
            found.setdefault(attempt.task, []).append(attempt)
    return {task: tuple(attempts) for task, attempts in found.items()}


def attempts_of(connection: sqlite3.Connection, wanted: Callable[[str], bool]) -> Iterator[Attempt]:
    """The attempts at all tasks whose id is `wanted`, newest first, those at work, too."""
    tasks = [row[0] for row in connection.execute("SELECT DISTINCT task FROM attempt") if wanted(row[0])]
    query = f"SELECT {_COLUMNS} FROM attempt WHERE task IN (SELECT value FROM json_each(?)) ORDER BY began DESC, id"  # noqa: S608 - constants only
    for row in connection.execute(query, (json.dumps(tasks),)):
        attempt = _attempt(dict(zip(_COLUMNS.split(", "), row, strict=True)))
        if attempt is not None:
            yield attempt


def _attempt(values: dict[str, object]) -> Attempt | None:
    from build_env.model.attempt import Attempt, AttemptState  # noqa: PLC0415 - a run with nothing to do pays 2 ms

    try:
        isolation = values["isolation"]
        return Attempt(
            **{  # type: ignore[arg-type]  # a row of the table that these fields were written to
                **values,
                "state": AttemptState(str(values["state"])),
                "isolation": None if isolation is None else Isolation(isolation),  # type: ignore[arg-type]
            }
        )
    except ValueError:
        return None
