"""Owns which files beside a tree are its upstream tarballs, by the names that dpkg-source looks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.core.texts import read_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["upstream_files"]

_MARK = ".orig"
_TOP = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9+.-]*) \((?:\d+:)?(?P<version>[A-Za-z0-9.+~:-]+)-[A-Za-z0-9.+~]+\)", re.MULTILINE
)
_REST = re.compile(r"\.orig(-[A-Za-z0-9-]+)?\.tar\.(gz|bz2|xz|lzma)(\.asc)?")


def upstream_files(directory: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Those of `names` that belong to the version in the changelog of the packaging in `directory`.

    A version without a revision has none, nor has a package of the format `3.0 (native)`.
    """
    candidates = [name for name in names if _MARK in name]
    if not candidates or not (directory / "changelog").is_file() or _is_native(directory):
        return ()
    top = _TOP.search(read_text(directory / "changelog", "changelog", errors="replace"))
    stem = f"{top['name']}_{top['version']}" if top else ""
    return tuple(
        name for name in candidates if stem and name.startswith(stem) and _REST.fullmatch(name.removeprefix(stem))
    )


def _is_native(directory: Path) -> bool:
    file = directory / "source/format"
    return file.is_file() and "native" in read_text(file, "format", errors="replace")
