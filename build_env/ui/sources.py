"""Owns which file of the project a tool means that names one in its output: of the package that it was building.

Builds see a copy of the package, often in a directory of another name, and name files from where they stand.
"""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.model.task import Task

__all__ = ["source_path"]

_OF_PACKAGES = "src/"
_LOOKED_AT = 20_000  # files of a package


def source_path(root: Path, task: Task, named: str) -> str:
    """The file below `root`, relative to it; empty when none, or not one only, can be meant."""
    name = PurePosixPath(named)
    if not name.name or ".." in name.parts or "\0" in named:
        return ""
    for tree in task.room.trees if task.room else ():
        if tree.destination.startswith(_OF_PACKAGES):
            return _found(root, tree.path, name)
    return ""


def _found(root: Path, directory: str, name: PurePosixPath) -> str:
    """The file of the package with that name, of a whole path its longest end; else the only one that is called so."""
    parts = name.parts[1:] if name.is_absolute() else name.parts
    for first in range(len(parts) if name.is_absolute() else 1):
        path = Path(directory, *parts[first:])
        if os.path.lexists(root / path) and (root / path).is_file():
            return str(path)
    fitting = list(islice((path for path in _files(root / directory) if path.name == name.name), 2))
    return str(fitting[0].relative_to(root)) if len(fitting) == 1 else ""


def _files(directory: Path) -> Iterator[Path]:
    """The files below a directory, not through links, and not of a package without end."""
    found = (Path(folder, name) for folder, _, names in os.walk(directory) for name in names)
    return islice(found, _LOOKED_AT)
