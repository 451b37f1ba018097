"""Owns what keeps a package that can be read from being published, and from counting as published already. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.formats.registry import format_called
from build_env.publish.records import CHECKS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from build_env.formats.view import Entry, View

__all__ = ["essential_names", "would_stay"]


def essential_names(view: View, entries: Iterable[Entry], meant: frozenset[str]) -> list[str]:
    """The names of those that would be essential on every client, without those for which that is `meant`."""
    known = format_called(view.format).essential
    return sorted({each.name for each in entries if each.facts.get("essential") or each.name in known} - meant)


def would_stay(view: View, entries: Iterable[Entry], digests: Collection[str], meant: frozenset[str]) -> bool:
    """Whether what `entries` of a view hold of `digests` would be published today."""
    asked = frozenset(digests)
    found = [each for each in entries if not asked.isdisjoint(each.files.values())]
    return all(each.checks == CHECKS for each in found) and not essential_names(view, found, meant)
