"""Owns how inputs get into a room: as a tar stream with normalised modes, owners and times, never held as a whole.

A stream and not mounts, because the engine may run on another machine, and because a room must not see the modes,
times and owners of a checkout.
"""

from __future__ import annotations

import tarfile
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from build_env.core.trees import read_manifest
from build_env.engines.layout import BUILD_ROOT, DIRECTORIES, WRITABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from build_env.model.room import RoomSpec

__all__ = ["Packer", "end_of_archive", "member", "pack"]

_ROOT = BUILD_ROOT.removeprefix("/")
_DIRECTORY = 0o755
_FILE = 0o644
_PROGRAM = 0o755
_SECRET = 0o600
_CHUNK = 1 << 20


def pack(
    spec: RoomSpec, *, owner: int, group: int, secrets: Mapping[str, bytes] = MappingProxyType({})
) -> Iterator[bytes]:
    """The tar of a room's build root; `owner` and `group` get the writable directories.

    `secrets` are further files at its top, which only root may read.
    """
    root = Packer(spec.object_path, spec.epoch, reverse=spec.variation.reversed_order)
    for name in ("", *DIRECTORIES):
        yield from root.directory(f"{_ROOT}/{name}".rstrip("/"))
    for name in (*WRITABLE, "downloads") if spec.downloads else WRITABLE:
        yield from root.directory(f"{_ROOT}/{name}", owner, group)
    for entry in reversed(spec.entries) if root.reverse else spec.entries:
        destination = f"{_ROOT}/{entry.destination}"
        for above in reversed(PurePosixPath(destination).parents):
            yield from root.directory(str(above))
        if entry.tree:
            yield from root.directory(destination)
            yield from root.tree(f"{destination}/", entry.digest)
        else:
            yield from root.file(destination, spec.object_path(entry.digest))
    if spec.downloads and spec.downloads.is_dir():
        fetched = Packer(spec.object_path)
        for path in sorted(path for path in spec.downloads.iterdir() if path.is_file()):
            yield from fetched.file(f"{_ROOT}/downloads/{path.name}", path, owner=owner, group=group)
    for name, data in secrets.items():
        yield from root.secret(f"{_ROOT}/{name}", data)
    yield end_of_archive()


def end_of_archive() -> bytes:
    """What comes last in a tar."""
    return bytes(tarfile.RECORDSIZE)


def member(info: tarfile.TarInfo) -> bytes:
    """The head of a tar's member; names that are no UTF-8 stay the bytes that they are."""
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


class Packer:
    """Makes members of a tar: files, directories and links, with modes, owners and times that no checkout decides."""

    def __init__(self, object_path: Callable[[str], Path], epoch: int = 0, *, reverse: bool = False) -> None:
        """`epoch` is the time of all, `reverse` gives trees from the last name to the first."""
        self.reverse = reverse
        self._object_path = object_path
        self._epoch = epoch
        self._directories = {".", ""}  # those that need no entry any more

    def tree(self, prefix: str, manifest: str) -> Iterator[bytes]:
        """The tree whose manifest has that digest; `prefix` is put before all names."""
        entries = read_manifest(self._object_path(manifest).read_bytes())
        if self.reverse:
            entries.reverse()
            entries.sort(key=lambda entry: entry.name.count("/"))  # but each directory ahead of what is in it
        for entry in entries:
            name = f"{prefix}{entry.name}"
            if entry.kind == "directory":
                yield from self.directory(name)
            elif entry.kind == "link":
                info = self._info(name, 0o777)
                info.type, info.linkname = tarfile.SYMTYPE, entry.value
                yield member(info)
            else:
                yield from self.file(name, self._object_path(entry.value), _PROGRAM if entry.executable else _FILE)

    def directory(self, name: str, owner: int = 0, group: int = 0) -> Iterator[bytes]:
        """A directory, the first time that it is asked for."""
        if name not in self._directories:
            self._directories.add(name)
            info = self._info(name, _DIRECTORY)
            info.type, info.uid, info.gid = tarfile.DIRTYPE, owner, group
            yield member(info)

    def file(self, name: str, path: Path, mode: int = _FILE, *, owner: int = 0, group: int = 0) -> Iterator[bytes]:
        """A regular file with the content of `path`, which nobody writes."""
        info = self._info(name, mode)
        info.size, info.uid, info.gid = path.stat().st_size, owner, group
        yield member(info)
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
        if rest := info.size % tarfile.BLOCKSIZE:
            yield bytes(tarfile.BLOCKSIZE - rest)

    def secret(self, name: str, data: bytes) -> Iterator[bytes]:
        """A regular file with that content, which only root may read."""
        info = self._info(name, _SECRET)
        info.size = len(data)
        yield member(info) + data + bytes(-len(data) % tarfile.BLOCKSIZE)

    def _info(self, name: str, mode: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.mtime, info.mode = self._epoch, mode
        return info
