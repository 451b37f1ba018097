"""Owns the quick look whether anything happened to a list of paths: one `stat` each, compared as a block.

A path that was changed too recently to be trusted (see `digests.settled`) counts as changed at the next look, so
that its content decides.
"""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.store.digests import SLACK

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Watched", "watch"]

_WIDTH = 5
_MISSING = array("q", [-1] * _WIDTH)
_UNSETTLED = array("q", [-2] * _WIDTH)


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Paths with what `lstat` said of them. A path that ends in a slash, and those of `follow`, are followed."""

    text: str
    stamps: bytes
    follow: bool = False

    @property
    def paths(self) -> list[str]:
        """The paths, in order."""
        return self.text.split("\0") if self.text else []

    def changed(self) -> list[int]:
        """The places of the paths to which something happened or may have happened."""
        now = _stamps(self.paths, follow=self.follow).tobytes()
        if now == self.stamps:
            return []
        size = _WIDTH * _MISSING.itemsize
        return [
            place
            for place, start in enumerate(range(0, len(now), size))
            if now[start : start + size] != self.stamps[start : start + size]
        ]

    def renewed(self, places: Sequence[int], began: int) -> Watched:
        """The same with what is at `places` now, whose content was read after the time `began`."""
        names, size = self.paths, _WIDTH * _MISSING.itemsize
        fresh = watch([names[place] for place in places], began, follow=self.follow).stamps
        stamps = bytearray(self.stamps)
        for number, place in enumerate(places):
            stamps[place * size : (place + 1) * size] = fresh[number * size : (number + 1) * size]
        return Watched(text=self.text, stamps=bytes(stamps), follow=self.follow)


def watch(paths: Sequence[str], began: int, *, follow: bool = False) -> Watched:
    """Look at `paths`, whose content was read after the time `began`."""
    stamps = _stamps(paths, follow=follow)
    limit = began - SLACK
    for start in range(0, len(stamps), _WIDTH):
        if max(stamps[start + 2], stamps[start + 3]) >= limit:
            stamps[start : start + _WIDTH] = _UNSETTLED
    return Watched(text="\0".join(paths), stamps=stamps.tobytes(), follow=follow)


def _stamps(paths: Sequence[str], *, follow: bool) -> array[int]:
    stamps = array("q")
    extend, look = stamps.extend, os.stat if follow else os.lstat
    for path in paths:
        try:
            status = look(path)
        except (FileNotFoundError, NotADirectoryError):
            extend(_MISSING)
            continue
        extend((status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino))
    return stamps
