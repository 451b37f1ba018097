"""Owns "did you mean": the nearest right name for a wrong one, and the error that says so of a command line."""

from __future__ import annotations

import difflib
import heapq
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "mistyped", "nearest"]

_MANY = 50


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The candidate most like `name`, or an empty string when none is near."""
    names = list(candidates)
    if len(names) > _MANY:
        # Comparing is slow: only with those that have most in common, which is fast to tell.
        own = _pairs(name)
        names = heapq.nlargest(_MANY, names, key=lambda other: len(own & _pairs(other)))
    matches = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return matches[0] if matches else ""


@lru_cache(maxsize=1 << 14)
def _pairs(name: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(name)))


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing."""
    best = nearest(name, candidates)
    return f" (did you mean {best}?)" if best else ""


def mistyped(message: str, word: str, candidates: Iterable[str], *, hint: str = "") -> UsageError:
    """The error that `message` says of a `word` of the command line which is none of `candidates`.

    Where one of them is near, the command line with it takes the place of the `hint`.
    """
    best = nearest(word, candidates)
    error = UsageError(f"{message} (did you mean {best}?)" if best else message, hint=hint)
    error.mistyped = (word, best) if best else ("", "")
    return error
