"""Owns how sources of Debian packages are found: one of the archive by apt's index, an upstream tarball by uscan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.formats.answers import found_in
from build_env.formats.format import Finder

if TYPE_CHECKING:
    from build_env.model.source import FoundSource

__all__ = ["FINDER", "UPSTREAM"]


def _read(name: str, answer: str) -> FoundSource:
    """A source package, which the file of its `.dsc` pins.

    Raises:
        InputError: the answer is not what the script should say.

    """
    found = found_in(name, answer)
    if not found.files or not found.files[0].name.endswith(".dsc"):
        raise InputError(f"the index of the archive does not say which files {name} consists of: {answer[:200]!r}")
    return found


FINDER = Finder(script="common/deb/find-source.sh", folders=("common/deb",), read=_read)
UPSTREAM = Finder(script="common/deb/find-upstream.sh", folders=("common/deb",), read=found_in, installs=True)
