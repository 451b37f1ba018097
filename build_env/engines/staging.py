"""Owns how inputs get into a room and results out of it: as tar streams with normalised modes, owners and times.

Streams and not mounts, because the engine may run on another machine, and because a room must not see the modes,
times and owners of a checkout.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from build_env.core.errors import InfrastructureError
from build_env.core.trees import read_manifest
from build_env.engines.layout import BUILD_ROOT, DIRECTORIES, WRITABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from build_env.model.room import RoomSpec

__all__ = ["Packer", "pack", "unpack"]

_ROOT = BUILD_ROOT.removeprefix("/")
_DIRECTORY = 0o755
_FILE = 0o644
_PROGRAM = 0o755


def pack(spec: RoomSpec, *, owner: int, group: int) -> bytes:
    """The tar of a room's build root; `owner` and `group` get the writable directories."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        root = Packer(archive, spec.object_path, spec.epoch, reverse=spec.variation.reversed_order)
        for name in ("", *DIRECTORIES):
            root.directory(f"{_ROOT}/{name}".rstrip("/"))
        for name in (*WRITABLE, "downloads") if spec.downloads else WRITABLE:
            root.directory(f"{_ROOT}/{name}", owner, group)
        for entry in reversed(spec.entries) if root.reverse else spec.entries:
            destination = f"{_ROOT}/{entry.destination}"
            for above in reversed(PurePosixPath(destination).parents):
                root.directory(str(above))
            if entry.tree:
                root.directory(destination)
                root.tree(f"{destination}/", entry.digest)
            else:
                root.file(destination, spec.object_path(entry.digest))
        if spec.downloads and spec.downloads.is_dir():
            fetched = Packer(archive, spec.object_path)
            for path in sorted(path for path in spec.downloads.iterdir() if path.is_file()):
                fetched.file(f"{_ROOT}/downloads/{path.name}", path, owner=owner, group=group)
    return buffer.getvalue()


class Packer:
    """Writes files, directories and links into a tar, with modes, owners and times that no checkout decides."""

    def __init__(
        self, archive: tarfile.TarFile, object_path: Callable[[str], Path], epoch: int = 0, *, reverse: bool = False
    ) -> None:
        """Write into `archive`; `epoch` is the time of all, `reverse` gives trees from the last name to the first."""
        self.reverse = reverse
        self._archive = archive
        self._object_path = object_path
        self._epoch = epoch
        self._directories = {".", ""}  # those that need no entry any more

    def tree(self, prefix: str, manifest: str) -> None:
        """The tree whose manifest has that digest; `prefix` is put before all names."""
        entries = read_manifest(self._object_path(manifest).read_bytes())
        if self.reverse:
            entries.reverse()
            entries.sort(key=lambda entry: entry.name.count("/"))  # but each directory ahead of what is in it
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.kind == "directory":
                self.directory(name)
            elif entry.kind == "link":
                info = self._info(name, 0o777)
                info.type, info.linkname = tarfile.SYMTYPE, entry.value
                self._archive.addfile(info)
            else:
                self.file(name, self._object_path(entry.value), _PROGRAM if entry.executable else _FILE)

    def directory(self, name: str, owner: int = 0, group: int = 0) -> None:
        """A directory, the first time that it is asked for."""
        if name not in self._directories:
            self._directories.add(name)
            info = self._info(name, _DIRECTORY)
            info.type, info.uid, info.gid = tarfile.DIRTYPE, owner, group
            self._archive.addfile(info)

    def file(self, name: str, path: Path, mode: int = _FILE, *, owner: int = 0, group: int = 0) -> None:
        """A regular file with the content of `path`."""
        info = self._info(name, mode)
        info.size, info.uid, info.gid = path.stat().st_size, owner, group
        with path.open("rb") as file:
            self._archive.addfile(info, file)

    def _info(self, name: str, mode: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.mtime, info.mode = self._epoch, mode
        return info


class _Stream(io.RawIOBase):
    """An iterator of byte chunks as a readable file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the base says Buffer
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def unpack(chunks: Iterable[bytes], destinations: Mapping[str, Path]) -> None:
    """Write the regular files of a tar stream to the host: `destinations` has a directory for each first name.

    Links, devices and names that lead outside are passed over: an artifact is a regular file. Of files with two names
    both are kept.
    """
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Stream(chunks)), mode="r|") as archive:
            for member in archive:
                path = _destination(member.name, destinations)
                if path is None or not (member.isfile() or member.islnk()):
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                if member.isfile():
                    _write(archive, member, path)
                elif (first := _destination(member.linkname, destinations)) and first.is_file():
                    shutil.copyfile(first, path)
    except tarfile.TarError as error:
        raise InfrastructureError(f"the engine sent a broken archive: {error}") from error


def _destination(name: str, destinations: Mapping[str, Path]) -> Path | None:
    top, _, rest = name.partition("/")
    if not rest or ".." in rest.split("/") or rest.startswith("/") or top not in destinations:
        return None
    return destinations[top] / rest


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    content = archive.extractfile(member)
    if content is None:
        return
    with path.open("wb") as file:
        while chunk := content.read(1 << 20):
            file.write(chunk)
