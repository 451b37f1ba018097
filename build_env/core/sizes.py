"""Owns how people write amounts of bytes: `8G`, `512M`, `1.5GiB` in powers of 1024, `10MB` in powers of 1000."""

from __future__ import annotations

import re

__all__ = ["SIZE_EXAMPLE", "SIZE_PATTERN", "parse_size", "size_words"]

SIZE_EXAMPLE = "a size with its unit, such as 512M or 8G"
_UNITS = "KMGT"
# What `parse_size` takes, in the words of Python and of ECMA-262 alike; more than zero.
SIZE_PATTERN = r"[ \t]*(?=[0-9.]*[1-9])([0-9]{1,9}(?:\.[0-9]{1,9})?)[ \t]*([KMGTkmgt])([iI]?[bB])?[ \t]*"
_SIZE = re.compile(SIZE_PATTERN)


def parse_size(text: str) -> int | None:
    """The bytes that `text` says, None unless it is a size above zero. A number without a unit is none."""
    parts = _SIZE.fullmatch(text)
    if parts is None:
        return None
    step = 1000 if (parts[3] or "").upper() == "B" else 1024
    return max(1, int(float(parts[1]) * step ** (_UNITS.index(parts[2].upper()) + 1)))


def size_words(size: int) -> str:
    """`size` in bytes as people write it, rounded: `4G`, `1.5M`; small ones in bytes."""
    for power in range(len(_UNITS), 0, -1):
        if size >= 1024**power:
            return f"{round(size / 1024**power, 1):g}{_UNITS[power - 1]}"
    return f"{size} bytes"
