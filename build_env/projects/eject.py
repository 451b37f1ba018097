"""Owns copies of what is shipped that a project made to edit them: taking them, and what became of the originals.

The file `build-env.ejected` says of each copy what the original was: it belongs to the project, and is committed.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env import __version__
from build_env.core.canonical import digest_file
from build_env.core.disk import disk_errors
from build_env.core.errors import UsageError
from build_env.core.paths import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from build_env.core.paths import ProjectPaths

__all__ = ["EJECTED", "Copy", "Ejection", "changed_originals", "eject"]

EJECTED = "build-env.ejected"
_HEADING = "# Copies of what build-env ships, with the version and digest of the original: written by build-env eject\n"


@dataclass(frozen=True, kw_only=True)
class Copy:
    """A file of the project that was copied: its name from the root, and what the original was."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Ejection:
    """The names of files that were copied, and of those that the project had already."""

    copied: tuple[str, ...]
    kept: tuple[str, ...]


def eject(paths: ProjectPaths, name: str) -> Ejection:
    """Copy the shipped file or directory `name` into the project, for editing; what the project has stays as it is.

    Raises UsageError when nothing of that name is shipped.
    """
    shipped = paths.behind(paths.root / name)
    if shipped is None or ".." in name.split("/") or not shipped.exists():
        listed = ", ".join(f"{each}/…" for each in SHIPPED)
        raise UsageError(f"nothing called {name} is shipped", hint=f"name a file or directory of {listed}")
    copied, kept = [], []
    with disk_errors():
        for original in _files(shipped):
            own = paths.root / name / original.relative_to(shipped)
            shown = own.relative_to(paths.root).as_posix()
            if own.exists():
                kept.append(shown)
                continue
            own.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(original, own)
            copied.append(shown)
        _record(paths, copied)
    return Ejection(copied=tuple(copied), kept=tuple(kept))


def changed_originals(paths: ProjectPaths) -> list[tuple[Copy, Path]]:
    """The copies whose originals are others now, and differ from what the project has; with the originals."""
    changed = []
    for copy in _recorded(paths):
        own, original = paths.root / copy.name, paths.behind(paths.root / copy.name)
        if original is None or not own.is_file() or not original.is_file():
            continue
        now = digest_file(str(original))
        if now not in {copy.digest, digest_file(str(own))}:
            changed.append((copy, original))
    return changed


def _record(paths: ProjectPaths, names: list[str]) -> None:
    copies = {copy.name: copy for copy in _recorded(paths)}
    for name in names:
        copies[name] = Copy(name=name, version=__version__, digest=digest_file(str(paths.root / name)))
    lines = [f"{copy.version} {copy.digest} {copy.name}\n" for _, copy in sorted(copies.items())]
    if lines:
        (paths.root / EJECTED).write_text(_HEADING + "".join(lines), encoding="utf-8")


def _recorded(paths: ProjectPaths) -> Iterator[Copy]:
    file = paths.root / EJECTED
    text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    for line in text.splitlines():
        version, _, rest = line.partition(" ")
        digest, _, name = rest.partition(" ")
        if name and version != "#":
            yield Copy(name=name, version=version, digest=digest)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(each for each in path.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
