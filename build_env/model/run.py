"""Owns the run: one execution of a plan, as other runs know it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Run"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """Who does it, since when (seconds since the epoch), by which command line."""

    id: str
    pid: int
    began: float
    command: str = ""
