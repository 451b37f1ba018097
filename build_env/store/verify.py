"""Owns the check of the whole store: every object read, every row's proof, and the removal of what is damaged.

Reading trusts no memory: a disk that changes bytes does not change times. Rows go before objects, so that whoever
is killed in between leaves nothing that is believed and not there.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_file
from build_env.core.errors import EnvironmentNotReady, InfrastructureError
from build_env.store.cas import DAMAGED, GONE
from build_env.store.database import Database, is_damage, read_only
from build_env.store.reachable import needed_objects
from build_env.store.records import BadRow, read_records

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from build_env.store.reachable import Record

__all__ = ["Damage", "check_store", "delete_rows", "object_files", "remove_damage"]


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
    database = Database(build / "store.db")
    try:
        database.change(lambda connection: delete_rows(connection, [(row.key, row.isolation) for row in damage.rows]))
    finally:
        database.close()
    for name in damage.objects:
        path = build / name
        if _size_if_whole(path) is None:
            _remove(path)


def delete_rows(connection: sqlite3.Connection, rows: Sequence[tuple[str, int]]) -> None:
    """Remove results from the record."""
    connection.executemany("DELETE FROM result WHERE key = ? AND isolation = ?", rows)


def _read_rows(path: Path) -> tuple[str, list[Record], list[BadRow]]:
    """What is wrong with the database, if anything; its results; its bad rows."""
    try:
        with read_only(path) as connection:
            if connection is None:
                return "", [], []
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(1)")]
            if found != ["ok"]:
                return found[0].replace("\n", " "), [], []
            records, bad = read_records(connection)
            return "", records, bad
    except InfrastructureError:
        raise
    except EnvironmentNotReady as error:
        if not is_damage(error.__cause__):
            raise
        return str(error.__cause__), [], []


def _incomplete(records: Sequence[Record], sizes: Mapping[str, int], broken: Collection[str]) -> Iterator[BadRow]:
    """The results of which an artifact is not there, or is not what it was."""
    for record in records:
        for artifact in record.result.artifacts:
            if sizes.get(artifact.digest) != artifact.size:
                fault = DAMAGED if artifact.digest in broken or artifact.digest in sizes else GONE
                key, isolation = record.row
                said = f"{artifact.name} {fault}"
                yield BadRow(task=record.result.task, key=key, isolation=isolation, fault=said)
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
