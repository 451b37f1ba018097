"""Owns the package files of a channel: written once, whole, never replaced under a published name.

It must not decide what is published; it is told which names already are. A journal says what is being placed, so that
what a crash left is found without looking through the pools.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from build_env.core.disk import PUBLIC_DIRECTORY, copy, permit, sync
from build_env.core.errors import InputError
from build_env.publish.generation import RepositoryDamaged, private

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from build_env.formats.view import PackageFile

__all__ = ["choose_directory", "forget", "incoming", "place", "sweep", "verified_copy"]

_PREFIX_LENGTH = 12
_JOURNAL = "placing"


def incoming(root: Path) -> Path:
    """Make an empty directory on the channel's file system for files that are not yet whole."""
    directory = private(root) / "incoming"
    if directory.exists():
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    permit(directory, PUBLIC_DIRECTORY)
    return directory


def verified_copy(file: PackageFile, destination: Path) -> None:
    """Copy a file and prove that the copy is the artifact it was said to be.

    Raises:
        InputError: it has other bytes.

    """
    digest = hashlib.sha256()
    # The digest is of the bytes that were written, not of a file that may change between two reads.
    with file.path.open("rb") as source, destination.open("xb") as target:
        copy(source, target, digest.update)
    if digest.hexdigest() != file.artifact.digest:
        raise InputError(
            f"{file.artifact.name} does not have the bytes its build recorded ({file.path})",
            hint="build the package again",
        )


def choose_directory(directory: str, files: Mapping[str, str], published: Mapping[str, str], mark: str) -> str:
    """Choose where files (name → digest) go: `directory`, or below it if a name there has other bytes."""
    # By the digest of the artifact, also where the published copy is signed: a signature differs each time.
    taken = any(published.get(f"{directory}/{name}", digest) != digest for name, digest in files.items())
    return f"{directory}/{mark[:_PREFIX_LENGTH]}" if taken else directory


def _announce(root: Path, paths: Collection[str]) -> None:
    """Write down, on the disk, what is about to be placed."""
    journal = private(root) / _JOURNAL
    whole = journal.with_suffix(".new")
    # Whole under its name or not there at all: half a journal would name half of what is to be swept.
    whole.write_text(json.dumps(sorted(paths)), encoding="utf-8")
    sync(whole)
    whole.rename(journal)
    sync(journal.parent)


def forget(root: Path) -> None:
    """End the journal: what it names is part of the current generation."""
    (private(root) / _JOURNAL).unlink(missing_ok=True)


def place(root: Path, files: Mapping[str, Path]) -> None:
    """Move whole files into the pool (path below the channel → file), durable and read-only, with a journal of it."""
    _announce(root, files)  # on the disk before the first file is moved: a crash leaves none that nobody knows of
    touched: set[Path] = set()
    for path, source in files.items():
        destination = root / path
        destination.parent.mkdir(parents=True, exist_ok=True)
        source.chmod(0o444)  # nobody edits a published file by mistake, and everybody may read it
        sync(source)  # content before name: a power cut never leaves a short file under a published name
        source.rename(destination)
        touched.update(destination.parents)
    # Names are on the disk before anything announces them; a directory that many files went into is synced once.
    for directory in sorted(touched - {*root.parents}, key=lambda path: len(path.parts), reverse=True):
        permit(directory, PUBLIC_DIRECTORY)
        sync(directory)


def sweep(root: Path, published: Collection[str]) -> None:
    """Remove files that a crashed publish put into the pools but never announced.

    Raises:
        RepositoryDamaged: the journal is damaged.

    """
    journal = private(root) / _JOURNAL
    if not journal.is_file():
        return
    try:
        names = [str(name) for name in json.loads(journal.read_bytes())]
    except ValueError as error:
        raise RepositoryDamaged(journal) from error
    for name in names:
        if name not in published:
            (root / name).unlink(missing_ok=True)
            with suppress(OSError):  # not there, or others are in it
                (root / name).parent.rmdir()
    journal.unlink()
