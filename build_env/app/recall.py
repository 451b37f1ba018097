"""Owns what a session does with its memory: take the plan and what is known of its results, write it anew."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from build_env.app.remembered import Reads
from build_env.core.errors import EnvironmentNotReady
from build_env.schedule.foresee import Hits
from build_env.work.registry import kind_of
from build_env.work.resolve import work_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.app.planned import Planned
    from build_env.app.remembered import Memory
    from build_env.model.artifact import StoredResult
    from build_env.model.result import RunSummary
    from build_env.store.results import Outcome
    from build_env.work.kind import Hands

__all__ = ["Resolved", "recalled", "write_memory"]


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A plan with what it was made from, and the results that are known already.

    `scanned` are the results of the tasks that read what only a room may read.
    """

    planned: Planned
    reads: Reads
    began: int
    scanned: tuple[StoredResult, ...] = ()
    hits: Hits | None = None


def recalled(memory: Memory, *, whole: bool = True) -> Resolved | None:
    """The remembered plan with the digests that trees have now, if the plan holds; not `whole`: only what may be to do.

    No key is computed of a task of which nothing differs: if all rows and objects are what they were, it has its
    result; otherwise each result is looked at.
    """
    began = time.time_ns()
    found = memory.recall()
    known = memory.known() if found else None
    if found is None or known is None:
        return None
    check = found[0]
    digests = {(tree.path, tree.leave_out): tree.digest for tree in check.trees}
    if not digests.keys() >= known.trees.keys():
        return None  # a run was killed between the two files
    outcomes = memory.outcomes(check)
    trusted = memory.intact(check, outcomes)
    same = known.same(digests, outcomes, lambda outcome: trusted or _is_there(memory, outcome))
    hits = Hits()
    for place, key in same.items():
        hits.add(known.marks[place][0], partial(_read, memory, key))
    tasks = tuple(known.tasks(digests, () if whole else same))
    return Resolved(
        planned=replace(
            known.planned, plan=replace(known.planned.plan, tasks=tasks), left_out=len(known.marks) - len(tasks)
        ),
        reads=Reads(
            paths=tuple(zip(check.paths.paths, (kind for kind, _ in check.meanings), strict=True)),
            trees=check.trees,
        ),
        began=began,
        scanned=known.scanned,
        hits=hits,
    )


def write_memory(
    memory: Memory,
    resolved: Resolved,
    summary: RunSummary,
    hands: Hands,
    images: Mapping[str, str],
) -> None:
    """Remember how a run ended that did all of its plan."""
    hits = {key: result.stored for key, result in summary.results.items() if result.ok and result.stored}
    if len(hits) < len(resolved.planned.plan):
        return
    effects = [task for task in resolved.planned.plan if kind_of(task.stage).effect]
    evidence = [
        str(path) for task in effects for path in kind_of(task.stage).evidence(work_of(task, hits, memory.store), hands)
    ]
    memory.remember(
        resolved.reads,
        resolved.planned,
        hits,
        began=resolved.began,
        images=images,
        evidence=list(dict.fromkeys(evidence)),
        scanned=resolved.scanned,
    )


def _is_there(memory: Memory, outcome: Outcome) -> bool:
    stored = memory.store.find(outcome[0], memory.isolation)
    return stored is not None and stored.isolation == outcome[1]


def _read(memory: Memory, key: str) -> StoredResult:
    """A result that was there when the plan was recalled; only those that somebody looks at are read."""
    stored = memory.store.recorded(key, memory.isolation)
    if stored is None:
        raise EnvironmentNotReady(f"the result {key} is there no more", hint="run the same command again")
    return stored
