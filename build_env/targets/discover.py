"""Owns which directories are targets and which of them a name on the command line means. Loads none of them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError
from build_env.core.suggest import mistyped

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CONFIGURATION", "discover", "match"]

CONFIGURATION = "packages.conf.py"
_SHARED = "common"
_SEPARATORS = re.compile(r"[/:-]")


def discover(directory: Path) -> tuple[str, ...]:
    """The names of all targets below `directory`, sorted. Hidden directories and `common/` are none."""
    names = []
    for current, directories, files in os.walk(directory):
        directories[:] = sorted(name for name in directories if not name.startswith(".") and name != _SHARED)
        if CONFIGURATION in files and Path(current) != directory:
            names.append(Path(current).relative_to(directory).as_posix())
    return tuple(sorted(names))


def match(wanted: str, names: Sequence[str], behind: Sequence[str] = ()) -> str:
    """The one target that `wanted` means (pelion.md section 2): one of `names`, else one of those `behind` them.

    An exact name first, where `/`, `-` and `:` are the same; else the only target whose name contains every part.
    Raises UsageError that lists the candidates.
    """
    parts = [part for part in _SEPARATORS.split(wanted.lower()) if part]
    several = [name for name in behind if name not in names]
    exact = [name for name in (*names, *several) if [part for part in _SEPARATORS.split(name.lower()) if part] == parts]
    matching = exact or _containing(parts, names) or _containing(parts, several)
    if len(matching) == 1:
        return matching[0]
    if matching:
        several_of = ", ".join(matching)
        error = UsageError(f"the target name {wanted} is ambiguous: {several_of}", hint="write more of the name")
        error.mistyped = (wanted, matching[-1])  # the newest, as names are sorted
        raise error
    listed = ", ".join((*names, *several)) or "none (targets/ holds no packages.conf.py)"
    raise mistyped(f"there is no target {wanted}", wanted, (*names, *several), hint=f"targets here: {listed}")


def _containing(parts: Sequence[str], names: Sequence[str]) -> list[str]:
    return [name for name in names if parts and all(part in name.lower() for part in parts)]
