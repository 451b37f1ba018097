"""Owns what a session does with its memory: take the plan and what is known of its results, write it anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from build_env.app.remembered import Reads
from build_env.core.errors import EnvironmentNotReady
from build_env.model.task import Stage
from build_env.schedule.work import work_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.app.planned import Planned
    from build_env.app.remembered import Known, Memory
    from build_env.model.artifact import StoredResult
    from build_env.model.result import RunSummary
    from build_env.model.task import Task
    from build_env.ports import Publisher
    from build_env.schedule.foresee import Shortcut
    from build_env.store.results import Outcome

__all__ = ["Resolved", "recalled", "write_memory"]

_UNKNOWN: tuple[Mapping[str, str], str, str] = ({}, "", "")


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A plan with what it was made from; `scanned` are the results of the tasks that read what only a room may read."""

    planned: Planned
    reads: Reads
    began: int
    scanned: tuple[StoredResult, ...] = ()
    shortcut: Shortcut | None = None


def recalled(memory: Memory) -> Resolved | None:
    """The remembered plan with the digests that trees have now, if the plan holds."""
    began = time.time_ns()
    found = memory.recall()
    known = memory.known(found[0]) if found else None
    if found is None or known is None:
        return None
    check = found[0]
    outcomes = memory.outcomes(check)
    return Resolved(
        planned=known.planned,
        reads=Reads(
            paths=tuple(zip(check.paths.paths, (kind for kind, _ in check.meanings), strict=True)),
            trees=check.trees,
        ),
        began=began,
        scanned=known.scanned,
        shortcut=_known_results(known, outcomes, memory, trusted=memory.intact(check, outcomes)),
    )


def write_memory(
    memory: Memory,
    resolved: Resolved,
    summary: RunSummary,
    publisher: Publisher,
    images: Mapping[str, str],
) -> None:
    """Remember how a run ended that did all of its plan."""
    hits = {key: result.stored for key, result in summary.results.items() if result.ok and result.stored}
    if len(hits) < len(resolved.planned.plan):
        return
    effects = [task for task in resolved.planned.plan if task.stage in {Stage.DEPLOY, Stage.TAR}]
    evidence = [str(path) for task in effects for path in publisher.evidence(work_of(task, hits, memory.store))]
    memory.remember(
        resolved.reads,
        resolved.planned,
        hits,
        began=resolved.began,
        images=images,
        evidence=list(dict.fromkeys(evidence)),
        scanned=resolved.scanned,
    )


def _known_results(known: Known, outcomes: Mapping[str, Outcome], memory: Memory, *, trusted: bool) -> Shortcut:
    """What `foresee` may take without computing keys: tasks of which nothing differs.

    `trusted`: all rows and objects are what they were; otherwise each one is looked at.
    """
    same: set[str] = set()

    def shortcut(task: Task) -> Callable[[], StoredResult] | None:
        static_inputs, key, artifacts = known.results.get(task.id, _UNKNOWN)
        outcome = outcomes.get(key)
        if outcome is None or static_inputs != task.static_inputs or outcome[2] != artifacts:
            return None
        for entry in task.inputs:
            if entry.task not in same:
                return None
        if not trusted and not _whole(memory, outcome):
            return None
        same.add(task.id)
        return partial(_read, memory, key)

    return shortcut


def _whole(memory: Memory, outcome: Outcome) -> bool:
    stored = memory.store.find(outcome[0], memory.isolation)
    return stored is not None and stored.isolation == outcome[1]


def _read(memory: Memory, key: str) -> StoredResult:
    """A result that was there when the plan was recalled; only those that somebody looks at are read."""
    stored = memory.store.recorded(key, memory.isolation)
    if stored is None:
        raise EnvironmentNotReady(f"the result {key} is there no more", hint="run the same command again")
    return stored
