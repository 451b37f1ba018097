"""Owns which superseded index files stay readable next to the current ones.

A client that read the old top-level file asks for index files by digest a moment later; so each generation
holds those of the generations before it for a while. Pure decisions, and the hard links that carry them out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

__all__ = ["Retained", "carry_over", "select_retained"]

# How long superseded index files stay readable: while either limit still covers them.
_SECONDS = 24 * 3600
_GENERATIONS = 3


@dataclass(frozen=True, kw_only=True, order=True)
class Retained:
    """An index file that is current no more: its path, and by which generation and when it was superseded."""

    path: str
    generation: int
    epoch: int


def select_retained(
    *,
    was_current: Collection[str],
    was_retained: Iterable[Retained],
    is_current: Collection[str],
    generation: int,
    epoch: int,
) -> tuple[Retained, ...]:
    """Decide what the generation `generation`, published at `epoch`, still holds of the past."""
    superseded = (Retained(path=path, generation=generation, epoch=epoch) for path in was_current)
    past = {entry.path: entry for entry in (*was_retained, *superseded) if entry.path not in set(is_current)}
    return tuple(
        sorted(
            entry
            for entry in past.values()
            if generation - entry.generation < _GENERATIONS or epoch - entry.epoch < _SECONDS
        )
    )


def carry_over(previous: Path, generation: Path, retained: Iterable[Retained]) -> tuple[Retained, ...]:
    """Hard-link the retained files into the new generation; return those that were there to link."""
    linked = []
    for entry in retained:
        target = generation / entry.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if (previous / entry.path).is_file():
            os.link(previous / entry.path, target)
            linked.append(entry)
    return tuple(linked)
