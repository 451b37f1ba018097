"""Owns what two runs must agree on when one was disturbed: results, what was made, and that nothing else is left."""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Outcome", "attempts", "outcome"]

# Memories are as good as not there; logs tell times; the database is compared by its rows. An object that no result
# refers to may be left of a killed run: it is whole, and garbage collection takes it.
_NOT_COMPARED = re.compile(
    r"build/(store\.(db|db-wal|db-shm|lock)|store/(verified|objects/.*)|remembered/[^.].*|logs/.*)"
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Results, and what a run leaves in files: their digests, links by their target."""

    results: frozenset[tuple[str, ...]]
    files: dict[str, str]


def outcome(root: Path) -> Outcome:
    """What is below `build/`, every object of a result checked; all attempts must have ended."""
    with closing(sqlite3.connect(root / "build/store.db")) as connection:
        rows = connection.execute("SELECT task, key, isolation, artifacts, facts, inputs FROM result").fetchall()
        assert connection.execute("SELECT task FROM attempt WHERE state = 'running'").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for row in rows:
        for artifact in json.loads(row[3]):
            digest = artifact["digest"]
            data = (root / "build/store/objects" / digest[:2] / digest).read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (digest, artifact["size"])
    return Outcome(results=frozenset(tuple(map(str, row)) for row in rows), files=_files(root))


def attempts(root: Path) -> list[tuple[Any, ...]]:
    """The task and the state of every attempt, in order."""
    with closing(sqlite3.connect(root / "build/store.db")) as connection:
        return connection.execute("SELECT task, state FROM attempt ORDER BY began").fetchall()


def _files(root: Path) -> dict[str, str]:
    found = {}
    for path in sorted((root / "build").rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file() and not _NOT_COMPARED.fullmatch(name):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    # Directories of their own that ought to be empty.
    for name in ("rooms", "runs", "claims", "store/temporary"):
        directory = root / "build" / name
        found |= {str(path.relative_to(root)): "left" for path in directory.iterdir()} if directory.is_dir() else {}
    return found
