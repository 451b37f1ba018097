"""Owns the connection to `build/store.db`: opening, replacing what cannot be read, transactions. Knows no results.

Disposable: a database that is damaged or of another version is replaced with a word, and everything is built again.
A database that is only busy, or on a full disk, is not touched, nor is any by those who only look.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, TypeVar

from build_env.core.disk import disk_errors
from build_env.core.errors import EnvironmentNotReady
from build_env.core.locks import locked
from build_env.core.sqlite import (
    TROUBLE,
    Tables,
    blame_content,
    open_in_memory,
    open_to_read,
    open_to_write,
    transact,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["DamagedDatabase", "Database", "Values", "read_only"]

Values = tuple[str | int | float | None, ...]
_Answer = TypeVar("_Answer")

# A result has a row id: with rows as long as these, a tree by key would have a few of them per page.
_TABLES = Tables(
    version=5,
    statements="""
CREATE TABLE run (
    id TEXT PRIMARY KEY, pid INTEGER NOT NULL, began REAL NOT NULL, finished REAL, command TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE attempt (
    id TEXT PRIMARY KEY, run TEXT NOT NULL,
    target TEXT NOT NULL, subject TEXT NOT NULL, stage TEXT NOT NULL, architecture TEXT NOT NULL,
    key TEXT NOT NULL, state TEXT NOT NULL,
    began REAL NOT NULL, seconds REAL NOT NULL, peak_memory INTEGER NOT NULL, size INTEGER NOT NULL,
    isolation INTEGER, message TEXT NOT NULL, log TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX attempt_by_task ON attempt (subject, target, stage, architecture, began);
CREATE INDEX attempt_running ON attempt (run) WHERE state = 'running';
CREATE TABLE result (
    key TEXT NOT NULL, isolation INTEGER NOT NULL, seconds REAL NOT NULL, finished REAL NOT NULL,
    artifacts TEXT NOT NULL, facts TEXT NOT NULL,
    target TEXT NOT NULL, subject TEXT NOT NULL, stage TEXT NOT NULL, architecture TEXT NOT NULL,
    inputs TEXT NOT NULL,
    peak_memory INTEGER NOT NULL, log TEXT NOT NULL, proof TEXT NOT NULL,
    PRIMARY KEY (key, isolation)
);
CREATE INDEX result_by_task ON result (subject, target, stage, architecture, finished);
""",
)


class DamagedDatabase(EnvironmentNotReady):
    """The content of the database is not what was written."""


class Database:
    """One connection for all threads of this process; other processes may have theirs."""

    @disk_errors()
    def __init__(self, path: Path, *, writes: bool = True) -> None:
        """Open, make or replace the file; `replaced` says in a sentence why it was replaced.

        Without `writes` nothing is made or replaced: what cannot be read is as if it were empty.
        """
        self._path = path
        self._writes = writes
        self._lock = threading.Lock()
        self._closed = False
        self.replaced = ""
        self._connection = self._begin()

    def close(self) -> None:
        """End the connection; nothing can be asked after."""
        with self._lock:
            self._closed = True
            self._connection.close()

    @disk_errors()
    def read(self, query: str, values: Values) -> list[tuple[object, ...]]:
        """The rows that a query finds; none when the database had to be replaced."""
        with self._lock:
            self._refuse_closed()
            try:
                return self._connection.execute(query, values).fetchall()
            except TROUBLE as error:
                self._renew(error)
                return []

    @disk_errors()
    def change(self, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        """Do `work` in one transaction, which is on the disk when this returns; an exception undoes it."""
        with self._lock:
            self._refuse_closed()
            if not self._writes:
                raise RuntimeError(f"{self._path.name} was opened to be looked at")
            try:
                self._follow()
                return transact(self._connection, work)
            except TROUBLE as error:
                self._renew(error)
                return transact(self._connection, work)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise EnvironmentNotReady(
                f"{self._path.name} is closed already, because the command ends", hint="run the same command again"
            )

    def _follow(self) -> None:
        """Open the new database when another run has replaced the one that this process had open."""
        if _inode(self._path) != self._inode:
            self._connection.close()
            with self._alone():
                self._connection = self._open()

    def _renew(self, error: Exception) -> None:
        blame_content(error, self._path)
        self._connection.close()
        if not self._writes:
            self._connection = self._pass_over(error)
            return
        with self._alone():
            # Another run may have replaced it meanwhile: then its database is good.
            self._connection = self._open() if _inode(self._path) != self._inode else self._replace(error)

    def _alone(self) -> contextlib.AbstractContextManager[None]:
        """No other process opens or replaces the database meanwhile."""
        guard = self._path.with_suffix(".lock")
        guard.touch()
        return locked(guard)

    def _begin(self) -> sqlite3.Connection:
        if not self._writes and not self._path.exists():
            return open_in_memory(_TABLES)
        with self._alone():
            return self._open() if self._writes else self._look()

    def _look(self) -> sqlite3.Connection:
        try:
            return open_to_read(self._path, _TABLES)
        except TROUBLE as error:
            blame_content(error, self._path)
            return self._pass_over(error)

    def _pass_over(self, error: Exception) -> sqlite3.Connection:
        """An empty database instead of one that cannot be read, which stays for the next run."""
        self.replaced = f"{self._path.name} could not be read ({error}): the next run builds everything again"
        return open_in_memory(_TABLES)

    def _open(self) -> sqlite3.Connection:
        try:
            return self._open_to_write()
        except TROUBLE as error:
            return self._replace(error)

    def _open_to_write(self) -> sqlite3.Connection:
        try:
            connection = open_to_write(self._path, _TABLES)
        except TROUBLE as error:
            blame_content(error, self._path)
            raise
        self._inode = _inode(self._path)
        return connection

    def _replace(self, error: Exception) -> sqlite3.Connection:
        """A new database in the place of one that cannot be read."""
        self.replaced = f"{self._path.name} could not be read ({error}): everything is built again"
        for name in (f"{self._path.name}-wal", f"{self._path.name}-shm", self._path.name):
            self._path.with_name(name).unlink(missing_ok=True)
        return self._open_to_write()


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A look at the database that replaces and changes nothing; None where there is none.

    Raises DamagedDatabase when it cannot be read, also while it is looked at.
    """
    if not path.exists():
        yield None
        return
    try:
        with contextlib.closing(open_to_read(path, _TABLES)) as connection:
            yield connection
    except TROUBLE as error:
        blame_content(error, path)
        raise DamagedDatabase(
            f"build/{path.name} cannot be read: {error}",
            hint="build-env verify-store --repair puts a new one in its place, as the next run does: "
            "everything is built again",
        ) from error


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0
