"""Owns what the language expects of those who run external programs for it. Runs nothing itself."""

from __future__ import annotations

from typing import Final, Protocol

from build_env.manifest.directive import Absent

__all__ = ["REMOVED", "ExternalError", "ExternalRunner"]

REMOVED: Final = Absent.REMOVED  # what an external answers with an empty envelope: its node goes away


class ExternalError(Exception):
    """An external cannot be run, or failed. The message may have several lines."""


class ExternalRunner(Protocol):
    """Runs externals by name."""

    def run(self, name: str, tree: object) -> object:
        """The tree that the external `name` (`A.B`) makes of `tree`, or REMOVED. Raises ExternalError."""
