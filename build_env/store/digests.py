"""Owns the memory of file digests: a file whose size, times, inode and mode are the same is not read again.

The care that timestamps need: a file that was written shortly before it was read may be written again within the
same tick of the clock, so its digest is not remembered until it has aged. ctime is compared too, which no program
can set: a content exchanged under the old size and mtime is seen. Losing the memory costs time and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import time
from typing import TYPE_CHECKING

from build_env.store.blob import load_blob, save_blob

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SLACK", "FileDigests", "settled"]

# Nanoseconds; the coarsest clock of a file system in use (FAT's) ticks every two seconds.
SLACK = 2_000_000_000
_FACTS = struct.Struct("=QqqQI")


class FileDigests:
    """Digests by path, kept in one file. Several threads may ask: at worst two of them read the same file."""

    def __init__(self, file: Path, clock: Callable[[], int] = time.time_ns) -> None:
        """Remember in `file`, which is read when the first digest is wanted."""
        self._file = file
        self._clock = clock
        # What `stat` said and the digest, in one piece: there are two of these for each file of a large source.
        self._known: dict[str, bytes] | None = None
        self._changed = False
        self.hashed = 0

    def digest(self, path: Path | str, status: os.stat_result | None = None) -> str:
        """Hex sha256 of the content of `path`; links are followed. `status` is what `stat` said just now, if known."""
        name = os.fspath(path)
        remembered = self._load().get(name)
        facts = _facts(status or os.stat(name)) if remembered else b""  # noqa: PTH116 - called ten thousand times
        if remembered and remembered[: _FACTS.size] == facts:
            return remembered[_FACTS.size :].hex()
        return self._read(name)

    def save(self) -> None:
        """Write what was learned; entries of files that are gone stay until the file is deleted."""
        if self._changed and self._known is not None:
            save_blob(self._file, dict(self._known))
            self._changed = False

    def _load(self) -> dict[str, bytes]:
        if self._known is None:
            remembered = load_blob(self._file)
            self._known = remembered if isinstance(remembered, dict) else {}
        return self._known

    def _read(self, name: str) -> str:
        began = self._clock()
        with open(name, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            before = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            after = os.fstat(file.fileno())
        self.hashed += 1
        remembered = self._load()
        if _facts(before) == _facts(after) and settled(after, began):
            remembered[name] = _facts(after) + bytes.fromhex(digest)
            self._changed = True
        elif remembered.pop(name, None):
            self._changed = True
        return digest


def settled(status: os.stat_result, began: int) -> bool:
    """Whether any later write must show in the times of the file, which was read after the time `began`."""
    return max(status.st_mtime_ns, status.st_ctime_ns) < began - SLACK


def _facts(status: os.stat_result) -> bytes:
    kind = stat.S_IFMT(status.st_mode)
    return _FACTS.pack(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, kind)
