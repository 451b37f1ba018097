"""Owns the estimate: what a task is expected to take, and whether that was ever seen."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What one task will take. `memory` is in bytes, 0 where nothing is known.

    `recorded` tells that `seconds` comes from earlier runs of this very task; otherwise it is a guess.
    """

    seconds: float
    memory: int = 0
    recorded: bool = False
