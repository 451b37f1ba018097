"""Owns the content-addressed files: private temporary file, fsync, rename, read-only. Knows no results.

An object is `objects/ab/<digest>`; a half-written one is never visible under its name.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_bytes, digest_file
from build_env.core.errors import EnvironmentNotReady
from build_env.model.artifact import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ContentStore", "disk_errors"]

_READ_ONLY = 0o444


class ContentStore:
    """Files by the sha256 of their content, below one directory."""

    def __init__(self, directory: Path) -> None:
        """Use `directory`; it is made when the first object comes."""
        self._objects = directory / "objects"
        self._temporary = directory / "temporary"

    def path(self, digest: str) -> Path:
        """Where the object lies or would lie."""
        return self._objects / digest[:2] / digest

    def holds(self, artifact: Artifact) -> bool:
        """Whether the object is there and has the right size."""
        try:
            return self.path(artifact.digest).stat().st_size == artifact.size
        except FileNotFoundError:
            return False

    def put_bytes(self, name: str, data: bytes) -> Artifact:
        """Store `data` under its digest."""
        with disk_errors():
            if not (path := self.path(digest_bytes(data))).exists():
                temporary = self._new()
                temporary.write_bytes(data)
                self._keep(temporary, path)
        return Artifact(name=name, digest=path.name, size=len(data))

    def take(self, file: Path, name: str) -> Artifact:
        """Move `file`, which nobody writes any more, into the store."""
        with disk_errors():
            path = self.path(digest_file(file))
            size = file.stat().st_size
            if path.exists() and path.stat().st_size == size:
                file.unlink()
            else:
                temporary = self._new()
                shutil.move(file, temporary)
                self._keep(temporary, path)
        return Artifact(name=name, digest=path.name, size=size)

    def sweep(self) -> None:
        """Remove temporary files of runs that were killed. Only the holder of the run lock may call this."""
        shutil.rmtree(self._temporary, ignore_errors=True)

    def _new(self) -> Path:
        self._temporary.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._temporary)
        os.close(handle)
        return Path(name)

    def _keep(self, temporary: Path, path: Path) -> None:
        temporary.chmod(_READ_ONLY)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.replace(path)


class disk_errors:  # noqa: N801 - reads as a statement: `with disk_errors():`
    """Turn a full or read-only disk into an error that says so; other errors pass."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise EnvironmentNotReady for an OSError that means the disk."""
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS}:
            raise EnvironmentNotReady(
                f"{os.strerror(error.errno)} while writing {error.filename or 'below build/'}",
                hint="free some space (build/ may be deleted as a whole) and run the same command again",
            ) from error


def files_below(directory: Path) -> Iterator[tuple[str, Path]]:
    """All regular files below `directory` with their relative names, sorted; links are not followed."""
    for current, _, names in sorted(os.walk(directory)):
        for name in sorted(names):
            path = Path(current) / name
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(directory).as_posix(), path
