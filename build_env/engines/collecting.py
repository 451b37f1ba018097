"""Owns how results get out of a room: from a tar stream, whoever wrote what is in it, to files of this host.

A build decides names, number and size of them. What cannot be kept is the fault of the package, and told as that.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import tarfile
from typing import TYPE_CHECKING

from build_env.core.errors import InfrastructureError, TaskError
from build_env.core.visible import visible_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["RESULTS", "Chunks", "refuse_links", "refuse_names", "unpack"]

RESULTS = "out"  # what lies there was meant to be kept

_MOST_FILES = 20_000
_DEEPEST = 32  # directories
_SHOWN = 3
_CHUNK = 1 << 20
_ZEROS = bytes(_CHUNK)
_OWN_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


class Chunks(io.RawIOBase):
    """An iterator of byte chunks as a readable file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Ask for a chunk when the one before was read."""
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the base says Buffer
        """See `io.RawIOBase`."""
        while not self._rest:
            try:
                self._rest = memoryview(next(self._chunks))
            except StopIteration:
                return 0
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def unpack(chunks: Iterable[bytes], destinations: Mapping[str, Path]) -> None:
    """Write the regular files of a tar stream to the host: `destinations` has a directory for each first name.

    Devices and names that lead outside are passed over: an artifact is a regular file. So are links, but not among
    results. Of files with two names both are kept. Raises what asking for chunks raises, TaskError for what cannot be
    kept, InfrastructureError when it is no archive.
    """
    count = 0
    links: list[str] = []
    try:
        with tarfile.open(
            fileobj=io.BufferedReader(Chunks(chunks), _CHUNK),
            mode="r|",
            bufsize=_CHUNK,
            encoding="utf-8",
            errors="surrogateescape",
        ) as archive:
            for entry in archive:
                path = _destination(entry.name, destinations)
                archive.members = []  # type: ignore[attr-defined]  # it would remember each
                if path and entry.issym() and len(links) < _SHOWN and entry.name.startswith(f"{RESULTS}/"):
                    links.append(entry.name)
                if path is None or not (entry.isfile() or entry.islnk()):
                    continue
                count += 1
                refuse_names([entry.name], count)
                _take(archive, entry, path, _destination(entry.linkname, destinations))
    except (tarfile.TarError, ValueError, OverflowError) as error:
        raise InfrastructureError(f"the engine sent a broken archive: {error}") from error
    refuse_links(links)


def refuse_links(names: Collection[str]) -> None:
    """Raise TaskError for links among results: what they lead to would be lost without a word."""
    if names:
        shown = ", ".join(visible_name(name[:100]) for name in sorted(names)[:_SHOWN])
        hint = "results are the files themselves: copy them with cp -L, or remove the links"
        raise TaskError(f"the commands left links as results: {shown}", hint=hint)


def refuse_names(names: Collection[str], count: int = 0) -> None:
    """Raise TaskError for names of results that no package could have; `count` says that there are more."""
    if max(count, len(names)) > _MOST_FILES:
        raise TaskError(f"the commands left more than {_MOST_FILES} files as results")
    for name in names:
        shown = visible_name(name[:100])
        if not name.isprintable():  # surrogates stand for bytes that are no UTF-8
            raise TaskError(f"the commands left a result whose name has a character that cannot be shown: {shown}")
        if name.count("/") > _DEEPEST:
            raise TaskError(f"the commands left a result in more than {_DEEPEST} directories: {shown}…")


def _destination(name: str, destinations: Mapping[str, Path]) -> Path | None:
    top, _, rest = name.partition("/")
    if not rest or "\0" in rest or ".." in rest.split("/") or rest.startswith("/") or top not in destinations:
        return None
    return destinations[top] / rest


def _take(archive: tarfile.TarFile, entry: tarfile.TarInfo, path: Path, first: Path | None) -> None:
    with _kept(entry.name):
        path.parent.mkdir(parents=True, exist_ok=True)
    if entry.islnk():
        with _kept(entry.name):
            if first and first.is_file():
                os.link(first, path)  # a copy of a large file for each of a thousand names would be too much
        return
    content = archive.extractfile(entry)
    with _kept(entry.name):
        file = path.open("wb")
    with file:
        while content and (chunk := content.read(_CHUNK)):  # what asking for more raises is not about this file
            with _kept(entry.name):
                if chunk == _ZEROS:
                    file.seek(_CHUNK, os.SEEK_CUR)  # a file that was sparse stays it
                else:
                    file.write(chunk)
        with _kept(entry.name):
            file.truncate()


@contextlib.contextmanager
def _kept(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _OWN_DISK:
            raise
        shown = visible_name(name[:100])
        raise TaskError(f"the result {shown} cannot be kept: {error.strerror or error}") from error
