"""Owns the names of what is published for a target. Pure.

Results of a stand-in base get a directory and a repository of their own, so that they never meet real ones.
"""

from __future__ import annotations

__all__ = ["repository_name", "stand_in_mark"]


def stand_in_mark(*, stand_in: bool) -> str:
    """What is put behind a name for results of a stand-in base."""
    return "+stand-in" if stand_in else ""


def repository_name(target: str, *, stand_in: bool) -> str:
    """The directory of a target's repository below `build/repositories/`."""
    return f"{target}{stand_in_mark(stand_in=stand_in)}"
