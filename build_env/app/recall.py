"""Owns what a session does with its memory: take the plan and what is known of its results, write it anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.app.remembered import Reads
from build_env.model.task import Stage
from build_env.schedule.work import work_of
from build_env.store.results import stored_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.app.planning import Planned
    from build_env.app.remembered import Known, Memory
    from build_env.model.artifact import Isolation, StoredResult
    from build_env.model.result import RunSummary
    from build_env.model.task import Task
    from build_env.ports import Publisher
    from build_env.store.results import LocalStore

__all__ = ["Resolved", "recalled", "write_memory"]


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A plan with what it was made from; `scanned` are the results of the tasks that read what only a room may read."""

    planned: Planned
    reads: Reads
    began: int
    scanned: tuple[StoredResult, ...] = ()
    shortcut: Callable[[Task], StoredResult | None] | None = None


def recalled(memory: Memory) -> Resolved | None:
    """The remembered plan with the digests that trees have now, if the plan holds."""
    began = time.time_ns()
    found = memory.recall()
    known = memory.known(found[0]) if found else None
    if found is None or known is None:
        return None
    check = found[0]
    return Resolved(
        planned=known.planned,
        reads=Reads(
            paths=tuple(zip(check.paths.paths, (kind for kind, _ in check.meanings), strict=True)),
            trees=check.trees,
        ),
        began=began,
        scanned=known.scanned,
        shortcut=_known_results(known, memory.store, memory.isolation),
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


def _known_results(known: Known, store: LocalStore, isolation: Isolation) -> Callable[[Task], StoredResult | None]:
    """What `foresee` may take without computing keys: tasks of which nothing differs."""
    rows = store.rows([key for _, key, _ in known.results.values()], isolation)
    same: set[str] = set()

    def shortcut(task: Task) -> StoredResult | None:
        static_inputs, key, artifacts = known.results.get(task.id, ({}, "", ""))
        row = rows.get(key)
        if row is None or static_inputs != task.static_inputs or row[3] != artifacts or row[0] != key:
            return None
        if not all(entry.task in same for entry in task.inputs):
            return None
        stored = stored_result(row)
        if stored is None or any(store.fault(artifact) for artifact in stored.artifacts):
            return None
        same.add(task.id)
        return stored

    return shortcut
