"""Owns the few disk operations whose order decides what a power cut leaves; a test may put a recorder in their place.

Data is safe when its file was synced, a name when its directory was.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from build_env.core.disk import sync

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Disk"]


class Disk:
    """The disk as it is."""

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
