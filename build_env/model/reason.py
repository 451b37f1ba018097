"""Owns a reason: a line of a task's output that says why it failed, and the place that it names."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reason"]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One line, as it may be shown. `file` is as the tool wrote it, empty where it names none; `line` 0 likewise."""

    text: str
    file: str = ""
    line: int = 0
