"""Owns the removal of results, attempts and objects that nothing needs: what would go, and its going.

Rows go first, in one transaction, then objects: whoever is killed in between leaves objects that no row names, which
the next collection finds. The caller sees to it that no run is at work.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.garbage import Garbage, Kind
from build_env.store.database import Database, read_only
from build_env.store.reachable import layer_of, needed_objects, reachable
from build_env.store.verify import delete_rows, object_files, read_records

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

    from build_env.model.artifact import StoredResult
    from build_env.store.reachable import Record, Roots

__all__ = ["StoreGarbage", "remove_garbage", "survey_store"]

KEPT_ATTEMPTS = 20
_OLD_ATTEMPTS = """
    SELECT id, began FROM (
        SELECT *, row_number() OVER (
            PARTITION BY target, subject, stage, architecture ORDER BY began DESC, id
        ) AS place FROM attempt
    ) WHERE place > ? AND began + seconds < ? AND state != 'running' ORDER BY began
"""
_OLD_RUNS = "DELETE FROM run WHERE began < ? AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.run = run.id)"


@dataclass(frozen=True, kw_only=True)
class StoreGarbage:
    """What nothing needs, the results that stay, and when each layer was used last, by key."""

    results: tuple[Record, ...] = ()
    attempts: tuple[tuple[str, float], ...] = ()
    objects: tuple[Path, ...] = ()
    kept: tuple[StoredResult, ...] = ()
    layer_uses: tuple[tuple[str, float], ...] = ()

    def listed(self, build: Path) -> Iterator[Garbage]:
        """The single things."""
        for record in self.results:
            yield Garbage(kind=Kind.RESULT, name=f"{record.result.task} {record.result.key}", used=record.finished)
        for attempt, began in self.attempts:
            yield Garbage(kind=Kind.ATTEMPT, name=attempt, used=began)
        for path in self.objects:
            status = path.stat()
            name = path.relative_to(build).as_posix()
            yield Garbage(kind=Kind.OBJECT, name=name, size=status.st_size, used=status.st_ctime)


def survey_store(build: Path, roots: Roots) -> StoreGarbage:
    """What would go. Raises EnvironmentNotReady when the database cannot be read: then nobody knows what is needed."""
    with read_only(build / "store.db") as connection:
        records = read_records(connection)[0] if connection else []
        old = connection.execute(_OLD_ATTEMPTS, (KEPT_ATTEMPTS, roots.since)).fetchall() if connection else []
    rows = reachable(records, roots)
    kept = tuple(record.result for record in records if record.row in rows)
    needed = needed_objects(kept)
    uses: dict[str, float] = {}
    for record in records:
        layer = layer_of(record.result)
        uses[layer] = max(uses.get(layer, 0.0), record.finished)
    return StoreGarbage(
        results=tuple(record for record in records if record.row not in rows),
        attempts=tuple((str(name), float(began)) for name, began in old),
        objects=tuple(path for path in object_files(build) if _is_old(path, roots.since) and path.name not in needed),
        kept=kept,
        layer_uses=tuple(sorted(uses.items())),
    )


def remove_garbage(build: Path, garbage: StoreGarbage, since: float) -> None:
    """Let it go: rows first, in one transaction. Runs that began before `since` and have no attempt left go, too."""
    if garbage.results or garbage.attempts:

        def forget(connection: sqlite3.Connection) -> None:
            delete_rows(connection, [record.row for record in garbage.results])
            connection.executemany("DELETE FROM attempt WHERE id = ?", [(name,) for name, _ in garbage.attempts])
            connection.execute(_OLD_RUNS, (since,))

        with closing(Database(build / "store.db")) as database:
            database.change(forget)
    for path in garbage.objects:
        path.unlink(missing_ok=True)


def _is_old(path: Path, since: float) -> bool:
    """By the time at which it came here: an object has the other times of the file that a room made."""
    return path.is_file() and not path.is_symlink() and path.stat().st_ctime < since
