"""Owns reading everything that is recorded, for commands that look at the whole store. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from build_env.model.identity import TaskName
from build_env.store.reachable import Record
from build_env.store.results import COLUMNS, Row, stored_result

if TYPE_CHECKING:
    import sqlite3

__all__ = ["BadRow", "read_records"]


@dataclass(frozen=True, kw_only=True, order=True)
class BadRow:
    """A row of the table of results that is not what was written, or whose artifacts are not there."""

    task: TaskName
    key: str
    isolation: int
    fault: str


def read_records(connection: sqlite3.Connection) -> tuple[list[Record], list[BadRow]]:
    """All results, and the rows whose proof is wrong."""
    records, bad = [], []
    for *row, finished in connection.execute(f"SELECT {COLUMNS}, finished FROM result ORDER BY key, isolation"):  # noqa: S608 - constants only
        values = cast("Row", tuple(row))
        result = stored_result(values)
        if result is None:
            bad.append(
                BadRow(task=TaskName(*values[5:9]), key=values[0], isolation=values[1], fault="is not what was written")
            )
        else:
            records.append(Record(result=result, finished=finished))
    return records, bad
