"""Owns what two runs must agree on when one was disturbed: results, what was made, and that nothing else is left."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from build_env.model.identity import TaskName

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Outcome", "attempts", "outcome"]

# Memories are as good as not there; logs tell times; the database is compared by its rows. An object that no result
# refers to may be left of a killed run: it is whole, and garbage collection takes it.
_NOT_COMPARED = re.compile(
    r"build/(store\.(db|db-wal|db-shm|lock)|store/(verified|objects/.*)|remembered/[^.].*|logs/.*)"
)
_REPOSITORIES = "build/repositories"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Results, and what a run leaves in files: their digests, links by their target."""

    results: frozenset[tuple[str, ...]]
    files: dict[str, str]


def outcome(root: Path) -> Outcome:
    """What is below `build/`, every object of a result checked; all attempts must have ended."""
    with closing(sqlite3.connect(root / "build/store.db")) as connection:
        rows = connection.execute(
            "SELECT target, subject, stage, architecture, key, isolation, artifacts, facts, inputs FROM result"
        ).fetchall()
        assert connection.execute("SELECT subject FROM attempt WHERE state = 'running'").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    results = set()
    for *task, key, isolation, artifacts, facts, inputs in rows:
        known = json.loads(facts)
        known.pop("image", None)  # the engine's name for an image, which has the time when it was made in it
        # Of several tasks with one key, as layers are, whichever came first is named.
        name = "layer" if task[2] == "layer" else str(TaskName(*task))
        results.add((name, key, str(isolation), artifacts, json.dumps(known), inputs))
        for artifact in json.loads(artifacts):
            digest = artifact["digest"]
            data = (root / "build/store/objects" / digest[:2] / digest).read_bytes()
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (digest, artifact["size"])
    return Outcome(results=frozenset(results), files=_files(root))


def attempts(root: Path) -> list[tuple[Any, ...]]:
    """The task and the state of every attempt, in order."""
    with closing(sqlite3.connect(root / "build/store.db")) as connection:
        rows = connection.execute(
            "SELECT target, subject, stage, architecture, state FROM attempt ORDER BY began"
        ).fetchall()
    return [(str(TaskName(*name)), state) for *name, state in rows]


def _served(root: Path) -> Iterator[tuple[str, bytes]]:
    """What clients of the repositories read. Two publishes differ in their date and in the signatures over it, only."""
    for directory, names, files in os.walk(root / _REPOSITORIES, followlinks=True):
        names[:] = [name for name in names if name != ".publish"]
        for path in (Path(directory) / name for name in files):
            data = path.read_bytes()
            if path.name in {"Release", "InRelease"}:
                text = data.partition(b"-----BEGIN PGP SIGNATURE-----")[0]
                data = b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(b"Date: "))
            elif path.name == "Release.gpg":
                data = b"signature"
            yield path.relative_to(root).as_posix(), data


def _files(root: Path) -> dict[str, str]:
    found = {name: hashlib.sha256(data).hexdigest() for name, data in _served(root)}
    for path in sorted((root / "build").rglob("*")):
        name = path.relative_to(root).as_posix()
        if name.startswith(f"{_REPOSITORIES}/"):
            continue
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_file() and not _NOT_COMPARED.fullmatch(name):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    # Directories of their own that ought to be empty.
    for name in ("rooms", "runs", "claims", "store/temporary"):
        directory = root / "build" / name
        found |= {str(path.relative_to(root)): "left" for path in directory.iterdir()} if directory.is_dir() else {}
    return found
