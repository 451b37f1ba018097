"""Owns what a full or read-only disk means to people, and the operations whose order decides what a power cut leaves.

Data is safe when its file was synced, a name when its directory was. Knows no path of ours.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from build_env.core.errors import EnvironmentNotReady

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["PASSED", "PUBLIC_DIRECTORY", "PUBLIC_FILE", "Disk", "copy", "disk_errors", "permit", "scratch", "sync"]

# Modes of what others read, whatever the caller's umask: a web server, apt's own user.
PUBLIC_DIRECTORY = 0o755
PUBLIC_FILE = 0o644
PASSED = 0o711  # a directory that holds more than what others read: they can go through, and see nothing
_CHUNK = 1 << 20
_ZEROS = bytes(_CHUNK)
_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class disk_errors(contextlib.ContextDecorator):  # noqa: N801 - reads as a statement: `with disk_errors():`
    """Turn a full or read-only disk into an error that says so; other errors pass."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise EnvironmentNotReady for an OSError that means the disk."""
        if isinstance(error, OSError) and error.errno in _DISK:
            raise EnvironmentNotReady(
                f"{os.strerror(error.errno)} while writing {error.filename or 'below build/'}",
                hint="free some space (build/ may be deleted as a whole) and run the same command again",
            ) from error


@contextlib.contextmanager
def scratch(parent: Path, prefix: str) -> Iterator[Path]:
    """A new directory below `parent`, which is made if need be; it goes at the end with all that is in it."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


def copy(source: BinaryIO, target: BinaryIO, heard: Callable[[bytes], object] = lambda _: None) -> None:
    """Fill the empty file `target` with what `source` has; `heard` gets it too, piece by piece.

    Long runs of zeros take no room on the disk, as in a file that is sparse.
    """
    while chunk := source.read(_CHUNK):
        heard(chunk)
        if chunk == _ZEROS:
            target.seek(_CHUNK, os.SEEK_CUR)
        else:
            target.write(chunk)
    target.truncate()


def permit(path: Path | str, mode: int) -> None:
    """Add `mode` to what is allowed with a file or directory; nothing is written where that is so already."""
    known = stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116 - strings, too
    if known | mode != known:
        os.chmod(path, known | mode)  # noqa: PTH101


def sync(path: Path | str) -> None:
    """Put one file on the disk, or the names in one directory."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Disk:
    """The disk as it is; a test may put a recorder in its place."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a file; it is safe after `sync`."""
        path.write_bytes(data)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name, replacing what has it; it is safe after `sync` of the directory."""
        old.replace(new)

    def bring(self, old: Path, new: Path) -> None:
        """As `rename`, but from another file system, too: then what appears is a copy."""
        shutil.move(old, new)

    def sync(self, path: Path) -> None:
        """Put one file or directory on the disk."""
        sync(path)

    def make_directory(self, path: Path) -> None:
        """Make a directory and those above it, safely."""
        if path.is_dir():
            return
        self.make_directory(path.parent)
        path.mkdir(exist_ok=True)
        self.sync(path.parent)
