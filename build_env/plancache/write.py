"""Owns the writing of a memory, after a command that did all of its plan."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.trees import walk_tree
from build_env.plancache.memory import Memory, rows_digest
from build_env.plancache.watch import watch

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from build_env.core.reading import Reads, ReadTree
    from build_env.model.artifact import StoredResult
    from build_env.plancache.check import Check

__all__ = ["remember"]


def remember(  # noqa: PLR0913 - the parts of one record
    check: Check,
    reads: Reads,
    results: Collection[StoredResult],
    *,
    tasks: int,
    notes: tuple[str, ...],
    began: int,
    images: Mapping[str, str],
    evidence: Sequence[str],
) -> None:
    """Write what `check` will ask.

    `results` are those of all `tasks` and of what was read in rooms; `began` is the time in ns before planning read
    anything: what was changed at about that time or later is looked at again by its content.
    """
    keys = tuple(dict.fromkeys(stored.key for stored in results))
    objects = dict.fromkeys(str(check.store.path(artifact)) for stored in results for artifact in stored.artifacts)
    members, starts = _members(reads.trees)
    memory = Memory(
        tasks=tasks,
        notes=notes,
        reads=reads,
        paths=watch([path for path, _ in reads.meanings], began, follow=True),
        members=watch(members, began),
        starts=starts,
        objects=watch(list(objects), began),
        evidence=watch(evidence, time.time_ns()),
        keys=keys,
        rows=rows_digest(check.store.outcomes(keys, check.isolation)),
        images=images,
    )
    check.file.save(memory)
    check.digests.save()


def _members(trees: Iterable[ReadTree]) -> tuple[list[str], tuple[int, ...]]:
    """All paths of all trees, and where each tree begins; its top may be a link, which the slash follows."""
    names: list[str] = []
    starts = []
    for tree in trees:
        starts.append(len(names))
        names.append(f"{tree.path}/")
        if Path(tree.path).is_dir():
            names += [str(entry.path) for entry in walk_tree(Path(tree.path), tree.leave_out)]
    return names, tuple(starts)
