"""Owns how this project uses SQLite: opening, transactions, the version of the tables, and what each error means.

Knows no table and no file of build-env. What becomes of a database that cannot be used (a new one in its place, an
error) is decided by its owner, who is told by `blame_content` whose fault it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from build_env.core.errors import EnvironmentNotReady, InfrastructureError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = [
    "TROUBLE",
    "Tables",
    "Unusable",
    "blame_content",
    "is_content_to_blame",
    "open_in_memory",
    "open_to_read",
    "open_to_write",
    "transact",
]

_Answer = TypeVar("_Answer")

_PATIENCE = 60  # seconds another process may take for one short transaction
_PRIMARY = 0xFF  # an extended code of SQLite has the primary one in its lowest byte
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
# What only the content of the file can be the reason of; anything else leaves it as it is.
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_SCHEMA})
_CUT_SHORT = sqlite3.SQLITE_IOERR_SHORT_READ
_OTHER_TABLES = ("no such table", "no such column", "has no column named", "unsupported file format")
_NO_TEXT = "Could not decode to UTF-8"  # the words of Python's module, which has no code for it
_HEADER = 100  # bytes of a database before its first table


class Unusable(Exception):
    """The file is no database that this build-env can use, though SQLite has no objection."""


# All that SQLite may raise. UnicodeDecodeError is raised where its own words repeat text of the file that is no text.
TROUBLE = (sqlite3.DatabaseError, UnicodeDecodeError, Unusable)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables of a database as SQL statements, and their version, which the file carries as `user_version`."""

    version: int
    statements: str


def open_to_write(path: Path, tables: Tables) -> sqlite3.Connection:
    """A connection for all threads; a file that is not there yet is made, with its tables.

    Raises Unusable for a file that is cut short or has another version, and what SQLite raises (see `TROUBLE`).
    """
    _refuse_cut_short(path)
    connection = _connect(path)
    try:
        # With a write-ahead log readers never wait for the writer. FULL: a transaction is on the disk when it returns;
        # with NORMAL a power cut may undo the last ones, while files they name stay.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        version = _version(connection)
        if version == 0:
            # Tables and version in one transaction: a process killed here leaves version 0, and the next begins again.
            connection.executescript(
                f"BEGIN IMMEDIATE; {tables.statements} PRAGMA user_version = {tables.version}; COMMIT;"
            )
        else:
            _refuse_other_version(version, tables)
    except BaseException:
        connection.close()
        raise
    return connection


def open_to_read(path: Path, tables: Tables) -> sqlite3.Connection:
    """A connection that cannot change the database and makes no file. Raises as `open_to_write`."""
    _refuse_cut_short(path)
    connection = _connect(f"{path.absolute().as_uri()}?mode=ro")
    try:
        _refuse_other_version(_version(connection), tables)
    except BaseException:
        connection.close()
        raise
    return connection


def open_in_memory(tables: Tables) -> sqlite3.Connection:
    """An empty database that is gone with its connection."""
    connection = _connect(":memory:")
    connection.executescript(tables.statements)
    return connection


def transact(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], _Answer]) -> _Answer:
    """Do `work` in one transaction, which is on the disk when this returns; any exception undoes it and goes on."""
    # IMMEDIATE takes the right to write at once: a transaction that first reads and then finds another writer before
    # it could not be waited for, only begun again.
    connection.execute("BEGIN IMMEDIATE")
    try:
        answer = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return answer


def blame_content(error: Exception, path: Path) -> None:
    """Return when only the content of the database at `path` can be the reason of `error`, which is one of `TROUBLE`.

    Raises InfrastructureError when another process keeps it busy, OSError (ENOSPC) when the disk is full,
    EnvironmentNotReady for rights, memory and a failing disk, and `error` itself for a defect of build-env.
    """
    if is_content_to_blame(error):
        return
    primary = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
    if primary == sqlite3.SQLITE_FULL:
        raise OSError(errno.ENOSPC, str(error), str(path)) from error
    if primary in _BUSY:
        raise InfrastructureError(
            f"{path.name} is kept busy by another run ({error})", hint="run the same command again"
        ) from error
    if primary in _MACHINE:
        # A full disk shows as an input/output error when it is the log or the shared memory that cannot grow.
        if not os.statvfs(path.parent).f_bavail:
            raise OSError(errno.ENOSPC, str(error), str(path)) from error
        raise EnvironmentNotReady(
            f"{path.name} cannot be used: {error}", hint=f"look at the disk and the rights of {path.parent}"
        ) from error
    raise error


def is_content_to_blame(error: BaseException | None) -> bool:
    """Whether only the content of the file can be the reason of the error."""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, TROUBLE)
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return str(error).startswith(_NO_TEXT)
    if code & _PRIMARY == sqlite3.SQLITE_ERROR:
        return any(words in str(error) for words in _OTHER_TABLES)
    return code == _CUT_SHORT or code & _PRIMARY in _DAMAGED


def _connect(address: Path | str) -> sqlite3.Connection:
    """All connections are alike: `isolation_level=None` leaves transactions to `transact`."""
    return sqlite3.connect(
        address,
        uri=isinstance(address, str) and address.startswith("file:"),
        timeout=_PATIENCE,
        isolation_level=None,
        check_same_thread=False,
    )


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


def _refuse_cut_short(path: Path) -> None:
    """SQLite would take a file that ends before the end of its header for a new database, and say nothing."""
    if path.is_file() and path.stat().st_size < _HEADER:
        raise Unusable("it is cut short")


def _refuse_other_version(version: int, tables: Tables) -> None:
    if version != tables.version:
        raise Unusable(f"it has version {version}, this build-env writes {tables.version}")
