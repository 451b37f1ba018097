"""Owns the record of results in `build/store.db`, and with it the store as the scheduler knows it.

Disposable: a database that cannot be read is set aside with a word, and everything is built again.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.store.cas import ContentStore, disk_errors, files_below

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LocalStore"]

_SCHEMA = 1
_TABLES = """
CREATE TABLE result (
    key TEXT NOT NULL, isolation INTEGER NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL,
    artifacts TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (key, isolation)
) WITHOUT ROWID;
"""


class LocalStore:
    """The `Store` port on the local disk. Safe to use from several threads of one process."""

    def __init__(self, build: Path) -> None:
        """Open, make or replace `build/store.db`."""
        with disk_errors():
            build.mkdir(parents=True, exist_ok=True)
        self._content = ContentStore(build / "store")
        self._lock = threading.Lock()
        self.replaced = ""
        with disk_errors():
            self._database = self._open(build / "store.db")

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def sweep(self) -> None:
        """Remove what killed runs left half-written; only for the holder of the run lock."""
        self._content.sweep()

    def find(self, key: str, isolation: Isolation) -> StoredResult | None:
        """See `Store.find`: the highest rank that is at least `isolation`."""
        query = "SELECT * FROM result WHERE key = ? AND isolation >= ? ORDER BY isolation DESC"
        with self._lock:
            rows = self._database.execute(query, (key, int(isolation))).fetchall()
        for row in rows:
            artifacts = tuple(Artifact(**item) for item in json.loads(row["artifacts"]))
            if all(self._content.holds(artifact) for artifact in artifacts):
                return StoredResult(
                    key=key,
                    artifacts=artifacts,
                    isolation=Isolation(row["isolation"]),
                    seconds=row["seconds"],
                    facts=json.loads(row["facts"]),
                )
        return None

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
        )
        with self._lock, disk_errors(), self._database:
            try:
                self._database.execute("INSERT OR REPLACE INTO result VALUES (?, ?, ?, ?, ?, ?)", row)
            except sqlite3.OperationalError as error:
                if "full" in str(error):
                    raise OSError(28, str(error), "build/store.db") from error
                raise

    def _open(self, path: Path) -> sqlite3.Connection:
        try:
            return self._prepare(path)
        except sqlite3.DatabaseError as error:
            if "full" in str(error):
                raise OSError(28, str(error), str(path)) from error
            self.replaced = f"{path.name} could not be read ({error}): everything is built again"
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)
            return self._prepare(path)

    def _prepare(self, path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, check_same_thread=False)
        database.row_factory = sqlite3.Row
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            with database:
                database.executescript(_TABLES + f"PRAGMA user_version = {_SCHEMA};")
        elif version != _SCHEMA:
            database.close()
            raise sqlite3.DatabaseError(f"it has version {version}, this build-env writes {_SCHEMA}")
        return database
