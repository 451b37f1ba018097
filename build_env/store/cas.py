"""Owns the content-addressed files: private temporary file, fsync, rename, fsync, read-only. Knows no results.

An object is `objects/ab/<digest>`; a half-written one is never visible under its name. What is there is trusted only
after its digest was looked at, which is remembered as long as `stat` says that nothing happened to the file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_bytes, digest_file
from build_env.core.disk import Disk, copy, disk_errors
from build_env.model.artifact import Artifact
from build_env.store.blob import sweep_blobs
from build_env.store.digests import FileDigests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DAMAGED", "GONE", "ContentStore"]

GONE = "is no longer there"
DAMAGED = "is damaged"
_SMALL = 1 << 20  # bytes that are read at once
_READ_ONLY = 0o444
_NOT_SAFE = 0o400  # the mode of what was never synced


class ContentStore:
    """Files by the sha256 of their content, below one directory. Safe for several threads, and for several runs."""

    def __init__(self, directory: Path, run: str, disk: Disk | None = None) -> None:
        """Use `directory`, made when the first object comes; what is unfinished lies below the name of the run."""
        self._objects = directory / "objects"
        self._prefix = f"{self._objects}/"
        self._unfinished = directory / "temporary"
        self._temporary = self._unfinished / run
        self._disk = disk or Disk()
        self._digests = FileDigests(directory / "verified")

    def path(self, artifact: Artifact) -> Path:
        """See `Objects.path`; where it would lie, if it is not there."""
        return self._place(artifact.digest)

    def fault(self, artifact: Artifact) -> str:
        """See `Store.fault`: `GONE`, `DAMAGED`, or nothing."""
        digest = artifact.digest
        name = f"{self._prefix}{digest[:2]}/{digest}"
        try:
            status = os.stat(name)  # noqa: PTH116 - called for every artifact of a plan
            whole = status.st_size == artifact.size and self._digests.digest(name, status) == digest
        except (FileNotFoundError, NotADirectoryError):
            return GONE
        except OSError:  # the disk does not give it back
            return DAMAGED
        return "" if whole else DAMAGED

    def damaged(self, digest: str) -> bool:
        """See `Store.damaged`."""
        name = f"{self._prefix}{digest[:2]}/{digest}"
        try:
            return self._digests.digest(name) != digest
        except OSError:
            return True

    def put_file(self, name: str, file: Path) -> Artifact:
        """See `Store.put_file`."""
        if file.stat().st_size <= _SMALL:
            return self.put(name, file.read_bytes(), durable=False)
        with disk_errors():
            temporary = self._new()
            with file.open("rb") as source, temporary.open("wb") as target:
                copy(source, target)
            # Of the copy: the file may change between two reads.
            artifact = Artifact(name=name, digest=digest_file(temporary), size=temporary.stat().st_size)
            if self.fault(artifact):
                self._keep(temporary, artifact.digest, durable=False)
            else:
                temporary.unlink()
        return artifact

    def put(self, name: str, data: bytes, *, durable: bool = True) -> Artifact:
        """See `Objects.put`. What is not `durable` may be cut short by a power cut, and is told then."""
        artifact = Artifact(name=name, digest=digest_bytes(data), size=len(data))
        with disk_errors():
            if self.fault(artifact):
                temporary = self._new()
                self._disk.write(temporary, data)
                self._keep(temporary, artifact.digest, durable=durable)
            elif durable:
                self._secure(artifact.digest)
        return artifact

    def take(self, file: Path, name: str) -> Artifact:
        """Move `file`, which nobody writes any more, into the store."""
        with disk_errors():
            artifact = Artifact(name=name, digest=digest_file(file), size=file.stat().st_size)
            if self.fault(artifact):
                temporary = self._new()
                self._disk.bring(file, temporary)
                self._keep(temporary, artifact.digest)
            else:
                file.unlink()
                self._secure(artifact.digest)
        return artifact

    def ingest(self, directory: Path) -> tuple[Artifact, ...]:
        """See `Objects.ingest`: by name; links are not followed."""
        return tuple(self.take(path, name) for name, path in list(_files_below(directory)))

    def sweep(self, alive: Callable[[str], bool]) -> None:
        """Remove the unfinished files of runs that are not alive."""
        sweep_blobs(self._unfinished.parent)
        for entry in self._unfinished.iterdir() if self._unfinished.is_dir() else ():
            if not alive(entry.name):
                shutil.rmtree(entry, ignore_errors=True)
                with contextlib.suppress(OSError):  # it was a file, or is gone by now
                    entry.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave nothing unfinished behind, and remember which objects are whole."""
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._digests.save()

    def _place(self, digest: str) -> Path:
        return self._objects / digest[:2] / digest

    def _new(self) -> Path:
        self._temporary.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._temporary)
        os.close(handle)
        return Path(name)

    def _keep(self, temporary: Path, digest: str, *, durable: bool = True) -> None:
        """The data before the name: a power cut leaves the whole object or none."""
        path = self._place(digest)
        temporary.chmod(_READ_ONLY if durable else _NOT_SAFE)
        if durable:
            self._disk.sync(temporary)
        _make_way(path)
        self._disk.make_directory(path.parent)
        self._disk.rename(temporary, path)
        if durable:
            self._disk.sync(path.parent)

    def _secure(self, digest: str) -> None:
        """An object that came as a part of a snapshot is a result now, and has to outlive a power cut."""
        path = self._place(digest)
        if stat.S_IMODE(path.stat().st_mode) == _NOT_SAFE:
            self._disk.sync(path)
            path.chmod(_READ_ONLY)
            self._disk.sync(path.parent)


def _make_way(path: Path) -> None:
    """Remove what no object can take the place of: damage may be a directory under its name, or a file above it."""
    if path.is_dir():
        shutil.rmtree(path)
    if path.parent.is_file():
        path.parent.unlink()


def _files_below(directory: Path) -> Iterator[tuple[str, Path]]:
    """All regular files below `directory` with their relative names, sorted; links are not followed."""
    for current, _, names in sorted(os.walk(directory)):
        for name in sorted(names):
            path = Path(current) / name
            if path.is_file() and not path.is_symlink():
                yield path.relative_to(directory).as_posix(), path
