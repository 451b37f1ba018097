"""Owns how inputs get into a room and results out of it: as tar streams with normalised modes, owners and times.

Streams and not mounts, because the engine may run on another machine, and because a room must not see the modes,
times and owners of a checkout.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from typing import TYPE_CHECKING

from build_env.core.errors import InfrastructureError
from build_env.core.trees import read_manifest
from build_env.engines.layout import DIRECTORIES, WRITABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from build_env.core.trees import ManifestEntry
    from build_env.model.room import RoomEntry, RoomSpec

__all__ = ["pack", "unpack"]

_DIRECTORY = 0o755
_FILE = 0o644
_PROGRAM = 0o755


def pack(spec: RoomSpec, *, prefix: str, owner: int, group: int) -> bytes:
    """The tar of a room's build root below `prefix`; `owner` and `group` get the writable directories."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        made: set[str] = set()
        _directory(archive, prefix, spec.epoch, made)
        for name in DIRECTORIES:
            _directory(archive, f"{prefix}/{name}", spec.epoch, made)
        writable = (*WRITABLE, "downloads") if spec.downloads else WRITABLE
        for name in writable:
            _directory(archive, f"{prefix}/{name}", spec.epoch, made, owner=owner, group=group)
        backwards = spec.variation.reversed_order
        for entry in reversed(spec.entries) if backwards else spec.entries:
            _add_entry(archive, entry, prefix, spec, made, backwards=backwards)
        if spec.downloads:
            _add_downloads(archive, spec.downloads, f"{prefix}/downloads", owner, group)
    return buffer.getvalue()


def _add_entry(
    archive: tarfile.TarFile, entry: RoomEntry, prefix: str, spec: RoomSpec, made: set[str], *, backwards: bool = False
) -> None:
    destination = f"{prefix}/{entry.destination}"
    parts = destination.split("/")
    epoch, source = spec.epoch, spec.object_path(entry.digest)
    for length in range(1, len(parts)):
        _directory(archive, "/".join(parts[:length]), epoch, made)
    if not entry.tree:
        _file(archive, destination, source, epoch, _FILE)
        return
    _directory(archive, destination, epoch, made)
    items = read_manifest(source.read_bytes())
    for item in _backwards(items) if backwards else items:
        name = f"{destination}/{item.name}"
        if item.kind == "directory":
            _directory(archive, name, epoch, made)
        elif item.kind == "link":
            info = _info(name, epoch, 0o777)
            info.type, info.linkname = tarfile.SYMTYPE, item.value
            archive.addfile(info)
        else:
            _file(archive, name, spec.object_path(item.value), epoch, _PROGRAM if item.executable else _FILE)


def _backwards(items: list[ManifestEntry]) -> list[ManifestEntry]:
    """From the last to the first, but each directory ahead of what is in it."""
    last_first = items[::-1]
    return sorted(last_first, key=lambda item: item.name.count("/"))


def _add_downloads(archive: tarfile.TarFile, directory: Path, prefix: str, owner: int, group: int) -> None:
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.is_file():
            _file(archive, f"{prefix}/{path.name}", path, 0, _FILE, owner=owner, group=group)


def _info(name: str, epoch: int, mode: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mtime, info.mode = epoch, mode
    return info


def _directory(
    archive: tarfile.TarFile, name: str, epoch: int, made: set[str], *, owner: int = 0, group: int = 0
) -> None:
    if name in made or not name:
        return
    made.add(name)
    info = _info(name, epoch, _DIRECTORY)
    info.type, info.uid, info.gid = tarfile.DIRTYPE, owner, group
    archive.addfile(info)


def _file(  # noqa: PLR0913 - the fields of a tar header
    archive: tarfile.TarFile, name: str, path: Path, epoch: int, mode: int, *, owner: int = 0, group: int = 0
) -> None:
    info = _info(name, epoch, mode)
    with path.open("rb") as file:
        info.size = path.stat().st_size
        info.uid, info.gid = owner, group
        archive.addfile(info, file)


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
