"""Owns the answer of scripts that find sources in a room of a target: lines of versions and files. Pure.

    known VERSION                   each version that there is
    version VERSION                 the one that is meant
    file DIGEST SIZE NAME URL       each of its files, the one that names others first

Other lines are what tools say on the way.
"""

from __future__ import annotations

import re

from build_env.core.errors import InputError
from build_env.model.source import FoundSource, SourceFile

__all__ = ["found_in"]

_FILE = re.compile(r"file ([0-9a-f]{64}) ([0-9]{1,15}) ([A-Za-z0-9][A-Za-z0-9.+~:_-]*) (\S+)")


def found_in(name: str, answer: str) -> FoundSource:
    """What the answer says of the source `name`.

    Raises:
        InputError: it names no version.

    """
    words = [line.partition(" ") for line in answer.splitlines()]
    files = [match for line in answer.splitlines() if (match := _FILE.fullmatch(line))]
    version = next((rest for word, _, rest in words if word == "version"), "")
    if not version:
        raise InputError(f"it is not known which version of {name} there is: {answer[:200]!r}")
    return FoundSource(
        name=name,
        version=version,
        files=tuple(SourceFile(name=each[3], sha256=each[1], size=int(each[2]), url=each[4]) for each in files),
        known=tuple(rest for word, _, rest in words if word == "known"),
    )
