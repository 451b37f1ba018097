"""Owns the package files of a repository: written once, whole, never replaced under a published name.

It must not decide what is published; it is told which names already are.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.publish.generation import private, sync

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from build_env.publish.model import PackageFile

__all__ = ["check_name", "choose_directory", "incoming", "place", "sweep", "verified_copy"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+.~_^:-]*")
_PREFIX_LENGTH = 12


def check_name(name: str) -> str:
    """Refuse a name that could leave the repository or break an index line."""
    if not _NAME.fullmatch(name):
        raise InputError(
            f"not a name for a file in a package repository: {name!r}",
            hint="use letters, digits and + . ~ _ ^ : - only, with a letter or digit first",
        )
    return name


def incoming(repository: Path) -> Path:
    """Make an empty directory on the repository's file system for files that are not yet whole."""
    directory = private(repository) / "incoming"
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    return directory


def verified_copy(file: PackageFile, destination: Path) -> None:
    """Copy a file and prove that the copy is the artifact it was said to be."""
    digest = hashlib.sha256()
    with file.path.open("rb") as source, destination.open("xb") as target:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            target.write(chunk)
    if digest.hexdigest() != file.artifact.digest:
        raise InputError(
            f"{file.artifact.name} does not have the bytes its build recorded ({file.path})",
            hint="build the package again",
        )


def choose_directory(directory: str, files: Mapping[str, str], published: Mapping[str, str], mark: str) -> str:
    """Choose where files (name → digest) go: `directory`, or below it if a name there has other bytes."""
    taken = any(published.get(f"{directory}/{name}", digest) != digest for name, digest in files.items())
    return f"{directory}/{mark[:_PREFIX_LENGTH]}" if taken else directory


def place(source: Path, repository: Path, path: str) -> None:
    """Move a whole file into the pool as `path`, durable and read-only."""
    destination = repository / path
    destination.parent.mkdir(parents=True, exist_ok=True)
    source.chmod(0o444)
    with source.open("rb") as stream:
        os.fsync(stream.fileno())
    source.rename(destination)
    for directory in destination.parents:
        sync(directory)
        if directory == repository:
            break


def sweep(repository: Path, pools: Iterable[str], published: Collection[str]) -> None:
    """Remove files that a crashed publish put into the pools but never announced."""
    for pool in pools:
        for path in sorted((repository / pool).rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):
                    path.rmdir()
            elif path.relative_to(repository).as_posix() not in published:
                path.unlink()
