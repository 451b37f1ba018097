"""Owns how people write amounts of bytes: `8G`, `512M`, `1.5GiB` in powers of 1024, `10MB` in powers of 1000."""

from __future__ import annotations

import re

__all__ = ["SIZE_EXAMPLE", "parse_size"]

SIZE_EXAMPLE = "a size with its unit, such as 512M or 8G"
_UNITS = "KMGT"
_SIZE = re.compile(rf"(\d{{1,9}}(?:\.\d{{1,9}})?)\s*([{_UNITS}])(i?B)?", re.IGNORECASE | re.ASCII)


def parse_size(text: str) -> int | None:
    """The bytes that `text` says, None unless it is a size above zero. A number without a unit is none."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    step = 1000 if (found[3] or "").upper() == "B" else 1024
    return int(float(found[1]) * step ** (_UNITS.index(found[2].upper()) + 1)) or None
