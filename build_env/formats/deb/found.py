"""Owns the answer of `common/deb/find-source.sh`: a source package of the archive as apt's index has it."""

from __future__ import annotations

import re

from build_env.core.errors import InputError
from build_env.formats.format import Finder
from build_env.model.source import FoundSource, SourceFile

__all__ = ["FINDER"]

_FILE = re.compile(r"file ([0-9a-f]{64}) ([0-9]{1,15}) ([A-Za-z0-9][A-Za-z0-9.+~:_-]*) (\S+)")


def _read(name: str, answer: str) -> FoundSource:
    """What the script answered of the source package `name`.

    Raises:
        InputError: it is not what the script should answer.

    """
    words = [line.partition(" ") for line in answer.splitlines()]
    files = [match for line in answer.splitlines() if (match := _FILE.fullmatch(line))]
    version = next((rest for word, _, rest in words if word == "version"), "")
    if not version or not files or not files[0][3].endswith(".dsc"):
        raise InputError(f"the index of the archive does not say which files {name} consists of: {answer[:200]!r}")
    return FoundSource(
        name=name,
        version=version,
        files=tuple(SourceFile(name=each[3], sha256=each[1], size=int(each[2]), url=each[4]) for each in files),
        known=tuple(rest for word, _, rest in words if word == "known"),
    )


FINDER = Finder(script="common/deb/find-source.sh", folder="common/deb", read=_read)
