"""Owns packages that come into a project from elsewhere: what of a place belongs to one, and its directory in `src/`.

Reads no packaging: that is the business of formats, and of rooms. A package is written as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import InputError, UsageError
from build_env.core.trees import Trees
from build_env.formats.registry import formats
from build_env.packages.names import check_name
from build_env.projects.loose import package_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Laid", "lay_package", "new_package", "refuse_existing", "unpack"]

_SPEC = "*.spec"


@dataclass(frozen=True, kw_only=True)
class Laid:
    """A package that was laid: its name as it seems, and the directory that the links of it lead to."""

    name: str
    outside: str


def lay_package(place: Path, root: Path) -> Laid:
    """Lay links to all that belongs to the package at `place` below `root`/src/NAME.

    Raises UsageError where there is no package, InputError when it is not whole.
    """
    package = package_at(place)
    name, top = check_name(package.name), package.directory
    links = {shown: str(top / shown) for shown in package.files} or _all_in(top)
    links |= {path.name: str(path) for path in package.beside}
    for shown, leads in links.items():
        link = root / "src" / name / shown
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(leads)
    return Laid(name=name, outside=os.path.realpath(top))


def refuse_existing(sources: Path, name: str) -> Path:
    """The directory in `sources` of a package that comes.

    Raises UsageError when the name is none, or there is one already.
    """
    directory = sources / check_name(name)
    if os.path.lexists(directory):
        raise UsageError(
            f"{sources.name}/{name} is there already",
            hint="move it away first; what is there is not touched",
        )
    return directory


@contextlib.contextmanager
def new_package(sources: Path, name: str) -> Iterator[Path]:
    """An empty directory, which becomes that of a package in `sources`, with what is in it, when the block ends well.

    Raises UsageError as `refuse_existing`.
    """
    directory = refuse_existing(sources, name)
    new = directory.with_name(f".{name}.{os.getpid()}")
    with disk_errors():
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        try:
            yield new
            new.rename(refuse_existing(sources, name))
        finally:
            shutil.rmtree(new, ignore_errors=True)


def unpack(archive: Path, directory: Path) -> None:
    """Lay what is in a tar archive into `directory`; raises InputError when something of it would lie elsewhere."""
    try:
        with tarfile.open(archive) as opened:
            opened.extractall(directory, filter="data")
    except tarfile.TarError as error:
        raise InputError(f"{archive.stem} cannot be unpacked: {error}") from error


def _all_in(directory: Path) -> dict[str, str]:
    """By name, where links lead to what git takes of a directory, and to fetched sources, whatever git says of them."""
    entries = Trees(root=directory).listing(directory).entries
    links = {entry.name: entry.target or entry.path for entry in entries if entry.kind != "directory"}
    # Fetched sources are not tracked.
    packaging = {folder for each in formats() for folder in each.packaging}
    for folder in (".", *sorted(packaging), "SOURCES"):
        links = {**_files_in(directory / folder, folder), **links}
    return links


def _files_in(directory: Path, shown: str) -> dict[str, str]:
    prefix = "" if shown == "." else f"{shown}/"
    there = sorted(directory.iterdir()) if directory.is_dir() else ()
    return {f"{prefix}{path.name}": str(path) for path in there if path.is_file() and not path.name.startswith(".")}
