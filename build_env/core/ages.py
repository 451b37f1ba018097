"""Owns how people write ages: `14d`, `12h`, `2w`. Zero is one, too."""

from __future__ import annotations

import re

__all__ = ["AGE_EXAMPLE", "parse_age"]

AGE_EXAMPLE = "a number of minutes, hours, days or weeks, such as 90m, 12h, 14d or 2w"
_UNITS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"(\d{1,6})\s*([mhdw])", re.ASCII)


def parse_age(text: str) -> int | None:
    """The seconds that `text` says, None where it is no age. A number without a unit is none, but for 0."""
    parts = _AGE.fullmatch(text.strip().lower())
    if parts is None:
        return 0 if text.strip() == "0" else None
    return int(parts[1]) * _UNITS[parts[2]]
