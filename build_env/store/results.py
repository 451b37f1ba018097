"""Owns the store as the scheduler knows it: content-addressed files, the record of results and of attempts.

Disposable: what cannot be read or is not what it was counts as not there, and is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, cast

from build_env.core.disk import disk_errors
from build_env.core.errors import StaleAttempt
from build_env.core.later import imported_later
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.identity import TaskName
from build_env.model.run import Run
from build_env.store.attempts import (
    OF_TASK,
    begin_attempt,
    ended_attempts,
    finish_attempt,
    finish_run,
    last_ended,
    lose_attempts,
    runs_at_work,
)
from build_env.store.cas import ContentStore
from build_env.store.database import Database
from build_env.store.mounts import refuse_network

with imported_later():
    from build_env.model import attempt as model_attempt

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from build_env.core.disk import Disk
    from build_env.model.attempt import Attempt, AttemptState

__all__ = ["COLUMNS", "LocalStore", "Outcome", "Row", "new_run", "stored_result"]

# Artifacts, facts and inputs are JSON texts; the last is the proof that the others are what was written.
Row = tuple[str, int, float, str, str, str, str, str, str, str, int, str, str]
# What of a row tells whether a result is the same: key, isolation, artifacts, facts.
Outcome = tuple[str, int, str, str]
COLUMNS = (
    "key, isolation, seconds, artifacts, facts, target, subject, stage, architecture, inputs, peak_memory, log, proof"
)
_SELECT = f"SELECT {COLUMNS} FROM result "  # noqa: S608 - constants only
_INSERT = f"INSERT OR REPLACE INTO result ({COLUMNS}, finished) VALUES ({'?, ' * 13}?)"  # noqa: S608 - as above


def new_run(command: str = "") -> Run:
    """A run of this process that begins now."""
    return Run(id=os.urandom(6).hex(), pid=os.getpid(), began=time.time(), command=command)


class LocalStore(ContentStore):
    """The `Store` port on the local disk. Several threads may use it, and several runs one directory.

    Who writes must hold the lock of the run: what belongs to no living run is swept.
    """

    def __init__(self, build: Path, run: Run | None = None, disk: Disk | None = None, *, writes: bool = True) -> None:
        """Open, make or replace `build/store.db`; raises EnvironmentNotReady on a network file system.

        Without `writes` it is only looked at, and nothing can be recorded.
        """
        if writes:
            with disk_errors():
                build.mkdir(parents=True, exist_ok=True)
        refuse_network(build)
        self._run = run or new_run()
        self._recorded = False
        super().__init__(build / "store", self._run.id, disk)
        self._database = Database(build / "store.db", writes=writes)

    @property
    def replaced(self) -> str:
        """Why the database had to be replaced, or will be by the next run, in a sentence; empty if it is whole."""
        return self._database.replaced

    def close(self) -> None:
        """Leave nothing unfinished behind, close the database; a second call does nothing."""
        recorded, self._recorded = self._recorded, False
        try:
            if recorded:
                self._database.change(lambda connection: finish_run(connection, self._run.id))
        finally:
            super().close()
            self._database.close()

    def sweep(self, alive: Callable[[str], bool]) -> None:
        """Remove what killed runs left half-written, and write that their attempts are lost.

        The runs are asked for before it is asked whether they live, so that one that begins meanwhile is safe.
        """
        super().sweep(alive)
        dead = [run for run in runs_at_work(self._database) if not alive(run)]
        if dead:
            self._database.change(lambda connection: lose_attempts(connection, dead))

    def find(self, key: str, isolation: Isolation) -> StoredResult | None:
        """See `Store.find`: the highest rank that is at least `isolation`."""
        for result in self._results(key, isolation):
            if not any(self.fault(artifact) for artifact in result.artifacts):
                return result
        return None

    def recorded(self, key: str, isolation: Isolation) -> StoredResult | None:
        """As `find`, for callers who know of the files: nobody looks for them."""
        return next(self._results(key, isolation), None)

    def _results(self, key: str, isolation: Isolation) -> Iterator[StoredResult]:
        query = _SELECT + "WHERE key = ? AND isolation >= ? ORDER BY isolation DESC"
        for row in self._database.read(query, (key, int(isolation))):
            result = stored_result(cast("Row", row))
            if result:
                yield result

    def latest(self, task: TaskName) -> StoredResult | None:
        """See `Store.latest`."""
        query = _SELECT + f"WHERE {OF_TASK} ORDER BY finished DESC LIMIT 1"
        rows = self._database.read(query, tuple(task))
        return stored_result(cast("Row", rows[0])) if rows else None

    def outcomes(self, keys: Collection[str], isolation: Isolation) -> dict[str, Outcome]:
        """What the best result for each of `keys` came to, in one query; a tenth of the bytes of the rows."""
        query = (
            "SELECT key, isolation, artifacts, facts FROM result "
            "WHERE key IN (SELECT value FROM json_each(?)) AND isolation >= ? ORDER BY isolation"
        )
        rows = cast("list[Outcome]", self._database.read(query, (json.dumps(list(keys)), int(isolation))))
        return {row[0]: row for row in rows}

    def begin(self, task: TaskName, key: str, log: str = "") -> str:
        """See `Store.begin`; the run is written down with its first attempt."""
        attempt = self._database.change(lambda connection: begin_attempt(connection, self._run, task, key, log))
        self._recorded = True
        return attempt

    def record(self, result: StoredResult, attempt: str) -> None:
        """See `Store.record`."""
        row = (*_written(result), time.time())
        facts = {
            "key": result.key,
            "seconds": result.seconds,
            "peak_memory": result.peak_memory,
            "size": sum(artifact.size for artifact in result.artifacts),
            "isolation": int(result.isolation),
            "log": result.log,
        }

        def write(connection: sqlite3.Connection) -> None:
            if not finish_attempt(connection, attempt, model_attempt.AttemptState.DONE, **facts):
                raise StaleAttempt(
                    f"attempt {attempt[:12]} is not at work any more: what it made is not recorded",
                    hint="another run took this one for dead, or build/store.db was replaced; "
                    "run the same command again",
                )
            connection.execute(_INSERT, row)

        self._database.change(write)

    def end(  # noqa: PLR0913 - the port's
        self,
        attempt: str,
        state: AttemptState,
        *,
        seconds: float,
        message: str = "",
        log: str = "",
        peak_memory: int = 0,
        isolation: Isolation | None = None,
    ) -> None:
        """See `Store.end`."""
        facts = {
            "seconds": seconds,
            "message": message,
            "log": log,
            "peak_memory": peak_memory,
            "isolation": None if isolation is None else int(isolation),
        }
        self._database.change(lambda connection: finish_attempt(connection, attempt, state, **facts))

    def history(self, tasks: Collection[TaskName], limit: int = 5) -> dict[TaskName, tuple[Attempt, ...]]:
        """See `Store.history`."""
        return ended_attempts(self._database, tasks, limit)

    def last_ended(self, task: TaskName) -> Attempt | None:
        """See `Store.last_ended`."""
        return last_ended(self._database, task)


class _Inputs(Mapping[str, str]):
    """The inputs of a result, taken from their JSON text when somebody asks: of most results nobody does."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _read(self) -> dict[str, str]:
        read: dict[str, str] = json.loads(self._text)
        return read

    def __getitem__(self, name: str) -> str:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def stored_result(row: Row) -> StoredResult | None:
    """A row of the record as a value; None when it is not what was written."""
    *values, proof = row
    if _proof(*values) != proof:
        return None
    key, isolation, seconds, artifacts, facts, *name, inputs, peak_memory, log, _ = row
    return StoredResult(
        key=key,
        artifacts=tuple(Artifact(**item) for item in json.loads(artifacts)),
        isolation=Isolation(isolation),
        seconds=seconds,
        facts=json.loads(facts),
        task=TaskName(*name),
        inputs=_Inputs(inputs),
        peak_memory=peak_memory,
        log=log,
    )


def _written(result: StoredResult) -> Row:
    artifacts = [{"name": item.name, "digest": item.digest, "size": item.size} for item in result.artifacts]
    values = (
        result.key,
        int(result.isolation),
        float(result.seconds),
        json.dumps(artifacts),
        json.dumps(dict(result.facts), sort_keys=True),
        *result.task,
        json.dumps(dict(result.inputs), sort_keys=True),
        result.peak_memory,
        result.log,
    )
    return (*values, _proof(*values))


def _proof(*values: object) -> str:
    """A checksum: the database itself does not see when the bytes of a row change."""
    return hashlib.sha256("\0".join(map(str, values)).encode()).hexdigest()
