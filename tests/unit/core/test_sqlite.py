"""The ground of our databases: tables and their version, transactions, and whose fault an error is."""

from __future__ import annotations

import errno
import sqlite3
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady, InfrastructureError
from build_env.core.sqlite import Tables, Unusable, blame_content, open_to_read, open_to_write, transact

if TYPE_CHECKING:
    from pathlib import Path

WORDS = Tables(version=3, statements="CREATE TABLE word (text TEXT NOT NULL);")
LATER = Tables(version=4, statements=WORDS.statements)


def insert(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO word VALUES ('one')")


def words(connection: sqlite3.Connection) -> list[tuple[str]]:
    return connection.execute("SELECT text FROM word").fetchall()


def error_with(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("words of SQLite")
    error.sqlite_errorcode = code
    return error


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    writing = open_to_write(tmp_path / "words.db", WORDS)
    transact(writing, insert)
    reading = open_to_read(tmp_path / "words.db", WORDS)
    assert words(reading) == [("one",)]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        transact(reading, insert)
    reading.close()
    writing.close()


def test_an_exception_undoes_the_transaction_and_goes_on(tmp_path: Path) -> None:
    connection = open_to_write(tmp_path / "words.db", WORDS)

    def insert_and_fail(connection: sqlite3.Connection) -> None:
        insert(connection)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transact(connection, insert_and_fail)
    assert words(connection) == []
    transact(connection, insert)
    connection.close()


@pytest.mark.parametrize("open_database", [open_to_write, open_to_read])
def test_another_version_and_a_file_cut_short_are_unusable_and_stay_as_they_are(
    tmp_path: Path, open_database: object
) -> None:
    assert callable(open_database)
    path = tmp_path / "words.db"
    open_to_write(path, WORDS).close()
    with pytest.raises(Unusable, match="it has version 3, this build-env writes 4"):
        open_database(path, LATER)
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(Unusable, match="cut short"):
        open_database(path, WORDS)
    assert len(path.read_bytes()) == 50


def test_only_the_content_is_blamed_for_damage(tmp_path: Path) -> None:
    path = tmp_path / "words.db"
    blame_content(error_with(sqlite3.SQLITE_CORRUPT), path)
    blame_content(error_with(sqlite3.SQLITE_IOERR_SHORT_READ), path)
    blame_content(Unusable("it is cut short"), path)
    with pytest.raises(InfrastructureError, match="kept busy"):
        blame_content(error_with(sqlite3.SQLITE_BUSY), path)
    with pytest.raises(OSError, match="words of SQLite") as full:
        blame_content(error_with(sqlite3.SQLITE_FULL), path)
    assert full.value.errno == errno.ENOSPC
    with pytest.raises(EnvironmentNotReady, match="cannot be used"):
        blame_content(error_with(sqlite3.SQLITE_IOERR_READ), path)
    with pytest.raises(sqlite3.OperationalError):
        blame_content(error_with(sqlite3.SQLITE_ERROR), path)
