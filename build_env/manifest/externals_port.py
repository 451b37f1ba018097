"""Owns what the language asks of the programs that `otk.external` names. Runs none."""

from __future__ import annotations

from typing import Protocol

__all__ = ["ExternalError", "ExternalRunner"]


class ExternalError(Exception):
    """A program cannot be found or failed; the text says which and why, its standard error included."""


class ExternalRunner(Protocol):
    """Runs programs."""

    def run(self, name: str, tree: object) -> object:
        """The `tree` that the program `name` (`A.B`) answers for this one; raises ExternalError."""
