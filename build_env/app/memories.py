"""Owns the memories of commands as files, for `gc`: which were not used for long, and what the others refer to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.app.remembered import MEMORIES, Check
from build_env.store.blob import load_blob

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["MEMORIES", "old_memories", "remembered_keys"]

_CHECK, _PLAN = ".check", ".plan"


def old_memories(directory: Path, since: float) -> list[Path]:
    """The files of memories not used since then, and what a killed run left half-written there."""
    if not directory.is_dir():
        return []
    names = {path.stem for path in _files(directory) if path.suffix == _CHECK and path.stat().st_mtime >= since}
    return [
        path
        for path in _files(directory)
        if path.stat().st_mtime < since
        and (path.name.startswith(".") or (path.suffix in {_CHECK, _PLAN} and path.stem not in names))
    ]


def remembered_keys(directory: Path, since: float) -> frozenset[str]:
    """The keys of all results that memories used since then refer to; one that cannot be read refers to nothing."""
    found: set[str] = set()
    for path in _files(directory) if directory.is_dir() else ():
        if path.suffix == _CHECK and not path.name.startswith(".") and path.stat().st_mtime >= since:
            check = load_blob(path)
            found |= set(check.keys) if isinstance(check, Check) else set()
    return frozenset(found)


def _files(directory: Path) -> Iterator[Path]:
    return (path for path in sorted(directory.iterdir()) if path.is_file())
