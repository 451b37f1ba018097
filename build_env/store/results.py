"""Owns the record of results in `build/store.db`, and with it the store as the scheduler knows it.

Disposable: a database that cannot be read is set aside with a word, and everything is built again.
"""

from __future__ import annotations

import errno
import json
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.attempt import Attempt, AttemptState
from build_env.store.cas import ContentStore, disk_errors, files_below

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["LocalStore", "Row", "stored_result"]

# Artifacts, facts and inputs are JSON texts.
Row = tuple[str, int, float, str, str, str, str]
_SELECT = "SELECT key, isolation, seconds, artifacts, facts, task, inputs FROM result "

_SCHEMA = 2
_TABLES = """
CREATE TABLE result (
    key TEXT NOT NULL, isolation INTEGER NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL,
    artifacts TEXT NOT NULL, facts TEXT NOT NULL, task TEXT NOT NULL, inputs TEXT NOT NULL,
    PRIMARY KEY (key, isolation)
) WITHOUT ROWID;
CREATE INDEX result_by_task ON result (task, finished);
"""


class LocalStore:
    """The `Store` port on the local disk. Safe to use from several threads of one process."""

    def __init__(self, build: Path) -> None:
        """Open, make or replace `build/store.db`."""
        with disk_errors():
            build.mkdir(parents=True, exist_ok=True)
        self._content = ContentStore(build / "store")
        self._lock = threading.Lock()
        self._path = build / "store.db"
        self.replaced = ""
        with disk_errors():
            self._database = self._open()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def sweep(self) -> None:
        """Remove what killed runs left half-written; only for the holder of the run lock."""
        self._content.sweep()

    def find(self, key: str, isolation: Isolation) -> StoredResult | None:
        """See `Store.find`: the highest rank that is at least `isolation`."""
        query = _SELECT + "WHERE key = ? AND isolation >= ? ORDER BY isolation DESC"
        for row in self._rows(query, (key, int(isolation))):
            result = stored_result(row)
            if all(self._content.holds(artifact) for artifact in result.artifacts):
                return result
        return None

    def latest(self, task: str) -> StoredResult | None:
        """See `Store.latest`."""
        query = _SELECT + "WHERE task = ? ORDER BY finished DESC LIMIT 1"
        rows = self._rows(query, (task,))
        return stored_result(rows[0]) if rows else None

    def history(self, tasks: Collection[str], limit: int = 5) -> dict[str, tuple[Attempt, ...]]:
        """See `Store.history`: of the results that are recorded."""
        query = """
            SELECT task, key, finished, seconds FROM (
                SELECT *, row_number() OVER (PARTITION BY task ORDER BY finished DESC) AS place FROM result
                WHERE task IN (SELECT value FROM json_each(?))
            ) WHERE place <= ? ORDER BY finished DESC
        """
        found: dict[str, tuple[Attempt, ...]] = {}
        for task, key, finished, seconds in self._rows(query, (json.dumps(list(tasks)), limit)):
            attempt = Attempt(
                id=key, run="", task=task, key=key, state=AttemptState.DONE, began=finished - seconds, seconds=seconds
            )
            found[task] = (*found.get(task, ()), attempt)
        return found

    def rows(self, keys: Collection[str], isolation: Isolation) -> dict[str, Row]:
        """The best result for each of `keys` as it is written, in one query; its files are not looked for."""
        query = _SELECT + "WHERE key IN (SELECT value FROM json_each(?)) AND isolation >= ? ORDER BY isolation"  # noqa: S608 - constants only
        return {row[0]: row for row in self._rows(query, (json.dumps(list(keys)), int(isolation)))}

    def holds(self, artifact: Artifact) -> bool:
        """Whether the file is there and has the right size."""
        return self._content.holds(artifact)

    def ingest(self, directory: Path) -> tuple[Artifact, ...]:
        """See `Store.ingest`."""
        return tuple(self._content.take(path, name) for name, path in list(files_below(directory)))

    def put(self, name: str, data: bytes) -> Artifact:
        """See `Store.put`."""
        return self._content.put_bytes(name, data)

    def path(self, artifact: Artifact) -> Path:
        """See `Store.path`."""
        return self._content.path(artifact.digest)

    def record(self, result: StoredResult) -> None:
        """See `Store.record`: one transaction."""
        artifacts = [{"name": item.name, "digest": item.digest, "size": item.size} for item in result.artifacts]
        row = (
            result.key,
            int(result.isolation),
            result.seconds,
            time.time(),
            json.dumps(artifacts),
            json.dumps(dict(result.facts), sort_keys=True),
            result.task,
            json.dumps(dict(result.inputs), sort_keys=True),
        )
        with self._lock, disk_errors(), self._database:
            try:
                self._database.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.OperationalError as error:
                if "full" in str(error):
                    raise OSError(errno.ENOSPC, str(error), str(self._path)) from error
                raise

    def _rows(self, query: str, values: tuple[str | int, ...]) -> list[Any]:
        with self._lock:
            try:
                return self._database.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                self._database.close()
                self._database = self._replace(error)
                return []

    def _open(self) -> sqlite3.Connection:
        try:
            return _prepare(self._path)
        except sqlite3.DatabaseError as error:
            return self._replace(error)

    def _replace(self, error: sqlite3.DatabaseError) -> sqlite3.Connection:
        """A new database in the place of one that cannot be read."""
        if "full" in str(error):
            raise OSError(errno.ENOSPC, str(error), str(self._path)) from error
        self.replaced = f"{self._path.name} could not be read ({error}): everything is built again"
        for name in (self._path.name, f"{self._path.name}-wal", f"{self._path.name}-shm"):
            self._path.with_name(name).unlink(missing_ok=True)
        return _prepare(self._path)


def stored_result(row: Row) -> StoredResult:
    """The result that a row of the database means."""
    key, isolation, seconds, artifacts, facts, task, inputs = row
    return StoredResult(
        key=key,
        artifacts=tuple(Artifact(**item) for item in json.loads(artifacts)),
        isolation=Isolation(isolation),
        seconds=seconds,
        facts=json.loads(facts),
        task=task,
        inputs=json.loads(inputs),
    )


def _refuse_other_version(version: int) -> None:
    if version != _SCHEMA:
        raise sqlite3.DatabaseError(f"it has version {version}, this build-env writes {_SCHEMA}")


def _prepare(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False)
    try:
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            database.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_SCHEMA}; COMMIT;")
        else:
            _refuse_other_version(version)
    except BaseException:
        database.close()
        raise
    return database
