"""Owns the check of the whole store: every object read, every row's proof, and the removal of what is damaged.

Reading trusts no memory: a disk that changes bytes does not change times. Rows go before objects, so that whoever
is killed in between leaves nothing that is believed and not there.
"""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from build_env.core.canonical import digest_file
from build_env.model.identity import TaskName
from build_env.store.cas import DAMAGED, GONE
from build_env.store.database import DamagedDatabase, Database, read_only
from build_env.store.reachable import Record, needed_objects
from build_env.store.results import COLUMNS, Row, stored_result

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["BadRow", "Damage", "check_store", "delete_rows", "object_files", "read_records", "remove_damage"]


@dataclass(frozen=True, kw_only=True, order=True)
class BadRow:
    """A row of the table of results that is not what was written, or whose artifacts are not there."""

    task: TaskName
    key: str
    isolation: int
    fault: str


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What a check found. `database` says what is wrong with the database as a whole, `objects` are damaged files.

    `unreferenced` are objects that no result needs, with their bytes: no damage, `gc` removes them.
    """

    database: str = ""
    rows: tuple[BadRow, ...] = ()
    objects: tuple[str, ...] = ()
    results: int = 0
    checked: int = 0
    size: int = 0
    unreferenced: int = 0
    unreferenced_size: int = 0

    @property
    def found(self) -> bool:
        """Whether anything is damaged."""
        return bool(self.database or self.rows or self.objects)


def object_files(build: Path) -> Iterator[Path]:
    """Everything that lies where objects lie."""
    for directory in sorted((build / "store" / "objects").glob("*")):
        yield from sorted(directory.iterdir()) if directory.is_dir() else [directory]


def check_store(build: Path, tell: Callable[[int, int], None]) -> Damage:
    """Read all; `tell` gets the number of objects read and of all, again and again.

    The rows are read first: an object is there before the row of its result.
    """
    fault, records, rows = _read_rows(build / "store.db")
    files = list(object_files(build))
    broken: list[Path] = []
    sizes: dict[str, int] = {}
    for number, path in enumerate(files):
        tell(number, len(files))
        size = _size_if_whole(path)
        if size is None:
            broken.append(path)
        else:
            sizes[path.name] = size
    tell(len(files), len(files))
    needed = needed_objects(record.result for record in records)
    loose = [size for name, size in sizes.items() if name not in needed]
    names = {path.name for path in broken}
    return Damage(
        database=fault,
        rows=tuple(sorted([*rows, *_incomplete(records, sizes, names)])),
        objects=tuple(path.relative_to(build).as_posix() for path in broken),
        results=len(records),
        checked=len(files),
        size=sum(sizes.values()),
        unreferenced=len(loose),
        unreferenced_size=sum(loose),
    )


def remove_damage(build: Path, damage: Damage) -> None:
    """Remove the rows in one transaction, then the objects that are damaged still; a bad database as a whole."""
    if damage.database:
        for name in ("store.db-wal", "store.db-shm", "store.db"):
            (build / name).unlink(missing_ok=True)
    with closing(Database(build / "store.db")) as database:
        database.change(lambda connection: delete_rows(connection, [(row.key, row.isolation) for row in damage.rows]))
    for name in damage.objects:
        path = build / name
        if _size_if_whole(path) is None:
            _remove(path)


def delete_rows(connection: sqlite3.Connection, rows: Sequence[tuple[str, int]]) -> None:
    """Remove results from the record."""
    connection.executemany("DELETE FROM result WHERE key = ? AND isolation = ?", rows)


def read_records(connection: sqlite3.Connection) -> tuple[list[Record], list[BadRow]]:
    """All results, and the rows whose proof is wrong."""
    records, bad = [], []
    for *values, finished in connection.execute(f"SELECT {COLUMNS}, finished FROM result ORDER BY key, isolation"):  # noqa: S608 - constants only
        row = cast("Row", tuple(values))
        result = stored_result(row)
        if result is None:
            bad.append(BadRow(task=TaskName(*row[5:9]), key=row[0], isolation=row[1], fault="is not what was written"))
        else:
            records.append(Record(result=result, finished=finished))
    return records, bad


def _read_rows(path: Path) -> tuple[str, list[Record], list[BadRow]]:
    """What is wrong with the database, if anything; its results; its bad rows."""
    try:
        with read_only(path) as connection:
            if connection is None:
                return "", [], []
            (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if verdict != "ok":
                return str(verdict).replace("\n", " "), [], []
            records, bad = read_records(connection)
            return "", records, bad
    except DamagedDatabase as error:
        return str(error.__cause__), [], []


def _incomplete(records: Sequence[Record], sizes: Mapping[str, int], broken: Collection[str]) -> Iterator[BadRow]:
    """The results of which an artifact is not there, or is not what it was."""
    for record in records:
        for artifact in record.result.artifacts:
            if sizes.get(artifact.digest) != artifact.size:
                fault = DAMAGED if artifact.digest in broken or artifact.digest in sizes else GONE
                key, isolation = record.row
                words = f"{artifact.name} {fault}"
                yield BadRow(task=record.result.task, key=key, isolation=isolation, fault=words)
                break


def _size_if_whole(path: Path) -> int | None:
    """The size of an object that has the content its name says, None for anything else."""
    try:
        if path.is_symlink() or not path.is_file() or digest_file(path) != path.name:
            return None
        return path.stat().st_size
    except OSError:  # the disk does not give it back
        return None


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
