"""Owns the connection to `build/store.db`: opening, replacing what cannot be read, transactions. Knows no results.

Disposable: a database that is damaged or of another version is replaced with a word, and everything is built again.
A database that is only busy, or on a full disk, is not touched, nor is any by those who only look.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from typing import TYPE_CHECKING, TypeVar

from build_env.core.disk import disk_errors
from build_env.core.errors import EnvironmentNotReady, InfrastructureError
from build_env.core.locks import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["DamagedDatabase", "Database", "Values", "read_only"]

Values = tuple[str | int | float | None, ...]
_Answer = TypeVar("_Answer")

_PATIENCE = 60  # seconds another run may take for one short transaction
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# What says nothing of the content: the disk, the rights, the memory.
_MACHINE = frozenset(
    {
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
    }
)
_PRIMARY = 0xFF
# What only the content of the file can be the reason of; anything else leaves it as it is.
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_SCHEMA})
_CUT_SHORT = sqlite3.SQLITE_IOERR_SHORT_READ
_OTHER_TABLES = ("no such table", "no such column", "has no column named", "unsupported file format")
_NO_TEXT = "Could not decode to UTF-8"  # the words of Python's module, which has no code for it
_HEADER = 100  # bytes

_SCHEMA = 5
# A result has a row id: with rows as long as these, a tree by key would have a few of them per page.
_TABLES = """
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
"""


class DamagedDatabase(EnvironmentNotReady):
    """The content of the database is not what was written."""


class _Unusable(Exception):
    """The file is no database that this build-env can use; SQLite has no objection."""


# UnicodeDecodeError where SQLite's own words repeat text of the file that is no text any more.
_TROUBLE = (sqlite3.DatabaseError, UnicodeDecodeError, _Unusable)


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
            except _TROUBLE as error:
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
                return self._transaction(work)
            except _TROUBLE as error:
                self._renew(error)
                return self._transaction(work)

    def _refuse_closed(self) -> None:
        if self._closed:
            raise EnvironmentNotReady(
                f"{self._path.name} is closed already, because the command ends", hint="run the same command again"
            )

    def _transaction(self, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            answer = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return answer

    def _follow(self) -> None:
        """Open the new database when another run has replaced the one that this process had open."""
        if _inode(self._path) != self._inode:
            self._connection.close()
            with self._alone():
                self._connection = self._open()

    def _renew(self, error: Exception) -> None:
        _refuse_trouble(error, self._path)
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
            return _in_memory()
        with self._alone():
            return self._open() if self._writes else self._look()

    def _look(self) -> sqlite3.Connection:
        try:
            return _open_read_only(self._path)
        except _TROUBLE as error:
            _refuse_trouble(error, self._path)
            return self._pass_over(error)

    def _pass_over(self, error: Exception) -> sqlite3.Connection:
        """An empty database instead of one that cannot be read, which stays for the next run."""
        self.replaced = f"{self._path.name} could not be read ({error}): the next run builds everything again"
        return _in_memory()

    def _open(self) -> sqlite3.Connection:
        try:
            _refuse_empty(self._path)
            connection = _prepare(self._path)
        except _TROUBLE as error:
            _refuse_trouble(error, self._path)
            return self._replace(error)
        self._inode = _inode(self._path)
        return connection

    def _replace(self, error: Exception) -> sqlite3.Connection:
        """A new database in the place of one that cannot be read."""
        self.replaced = f"{self._path.name} could not be read ({error}): everything is built again"
        for name in (f"{self._path.name}-wal", f"{self._path.name}-shm", self._path.name):
            self._path.with_name(name).unlink(missing_ok=True)
        try:
            connection = _prepare(self._path)
        except _TROUBLE as second:
            _refuse_trouble(second, self._path)
            raise
        self._inode = _inode(self._path)
        return connection


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection | None]:
    """A look at the database that replaces and changes nothing; None where there is none.

    Raises DamagedDatabase when it cannot be read, also while it is looked at.
    """
    if not path.exists():
        yield None
        return
    connection = None
    try:
        connection = _open_read_only(path)
        yield connection
    except _TROUBLE as error:
        _refuse_trouble(error, path)
        raise DamagedDatabase(
            f"build/{path.name} cannot be read: {error}",
            hint="build-env verify-store --repair puts a new one in its place, as the next run does: "
            "everything is built again",
        ) from error
    finally:
        if connection is not None:
            connection.close()


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def _refuse_trouble(error: Exception, path: Path) -> None:
    """Return when the content of the database is to blame for `error`; raise what fits otherwise."""
    if is_damage(error):
        return
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code & _PRIMARY == sqlite3.SQLITE_FULL:
        raise OSError(errno.ENOSPC, str(error), str(path)) from error
    if code & _PRIMARY in _BUSY:
        raise InfrastructureError(
            f"{path.name} is kept busy by another run ({error})", hint="run the same command again"
        ) from error
    if code & _PRIMARY in _MACHINE:
        space = os.statvfs(path.parent)
        if not space.f_bavail:
            raise OSError(errno.ENOSPC, str(error), str(path)) from error
        raise EnvironmentNotReady(
            f"{path.name} cannot be used: {error}", hint=f"look at the disk and the rights of {path.parent}"
        ) from error
    raise error


def is_damage(error: BaseException | None) -> bool:
    """Whether only the content of the file can be the reason of the error."""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, _TROUBLE)
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return str(error).startswith(_NO_TEXT)
    if code & _PRIMARY == sqlite3.SQLITE_ERROR:
        return any(words in str(error) for words in _OTHER_TABLES)
    return code == _CUT_SHORT or code & _PRIMARY in _DAMAGED


def _prepare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_SCHEMA}; COMMIT;")
        else:
            _refuse_other_version(version)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_read_only(path: Path) -> sqlite3.Connection:
    _refuse_empty(path)
    address = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        _refuse_other_version(connection.execute("PRAGMA user_version").fetchone()[0])
    except BaseException:
        connection.close()
        raise
    return connection


def _in_memory() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    connection.executescript(_TABLES)
    return connection


def _refuse_empty(path: Path) -> None:
    """SQLite would take a file that ends before the end of its header for a new database, and say nothing."""
    if path.is_file() and path.stat().st_size < _HEADER:
        raise _Unusable("it is cut short")


def _refuse_other_version(version: int) -> None:
    if version != _SCHEMA:
        raise _Unusable(f"it has version {version}, this build-env writes {_SCHEMA}")
