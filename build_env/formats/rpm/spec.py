"""Owns what a spec file says without being parsed, which would run code: that it is there, and its newest date."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from build_env.core.errors import InputError, Location
from build_env.model.package import Packaging

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_packaging"]

_CHANGE = re.compile(r"^\* \w{3} (\w{3} +\d{1,2} \d{4})", re.MULTILINE)


def read_packaging(directory: Path, shown: str) -> Packaging | None:
    """What the one spec file in `directory` (in errors `shown`) says as text; None where there is none.

    Raises:
        InputError: there is more than one, or its newest date cannot be read.

    """
    specs = sorted(directory.glob("*.spec"))
    if len(specs) > 1:
        names = ", ".join(spec.name for spec in specs)
        raise InputError(f"more than one spec file: {names}", location=Location(file=shown))
    return Packaging(epoch=_epoch(specs[0], f"{shown}/{specs[0].name}")) if specs else None


def _epoch(spec: Path, shown: str) -> int:
    """Noon UTC of the newest %changelog entry, as rpm takes it; 0 without one.

    Raises:
        InputError: the date of that entry cannot be read.

    """
    text = spec.read_text(encoding="utf-8", errors="replace")
    entry = _CHANGE.search(text)
    if not entry:
        return 0
    try:
        day = datetime.strptime(" ".join(entry[1].split()), "%b %d %Y").replace(tzinfo=UTC, hour=12)
    except ValueError as error:
        where = Location(file=shown, line=text.count("\n", 0, entry.start()) + 1)
        raise InputError("the date of the changelog entry cannot be read", location=where) from error
    return int(day.timestamp())
