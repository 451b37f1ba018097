"""Owns "did you mean": the nearest right name for a wrong one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "nearest"]


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The candidate most like `name`, or an empty string when none is near."""
    matches = difflib.get_close_matches(name, list(candidates), n=1, cutoff=0.6)
    return matches[0] if matches else ""


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing."""
    best = nearest(name, candidates)
    return f" (did you mean {best}?)" if best else ""
