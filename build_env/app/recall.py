"""Owns what a session does with its memory: answer that nothing is to be done, take the plan from it, write it anew."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from build_env.app.reads import Reads
from build_env.app.remembered import Known, Memory, memory_name
from build_env.core.canonical import plain
from build_env.engines.docker_peek import container_names, image_identifiers
from build_env.model.artifact import Isolation
from build_env.model.result import RunSummary
from build_env.model.task import Stage
from build_env.schedule.foresee import work_of
from build_env.store.results import stored_result

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.app.build import BuildOptions
    from build_env.app.planning import Planned
    from build_env.app.project import Project
    from build_env.model.artifact import StoredResult
    from build_env.model.task import Task
    from build_env.plan.select import Request
    from build_env.ports import Publisher
    from build_env.store.digests import FileDigests
    from build_env.store.results import LocalStore

__all__ = ["MEMORIES", "Resolved", "memory_of", "nothing_to_do", "recalled", "write_memory"]

MEMORIES = "remembered"
_IN_PLAN = ("target", "architectures", "native", "container", "install")


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A plan with what it was made from; `scanned` are the results of the tasks that read what only a room may read."""

    planned: Planned
    reads: Reads
    began: int
    scanned: tuple[StoredResult, ...] = ()
    shortcut: Callable[[Task], StoredResult | None] | None = None


def memory_of(
    project: Project,
    options: BuildOptions,
    request: Request,
    store: LocalStore,
    digests: FileDigests,
    *,
    writes: bool,
) -> Memory:
    """The memory of this command in this checkout."""
    directory = project.paths.build / MEMORIES
    chosen = asdict(options)
    return Memory(
        directory=directory,
        name=memory_name(
            root=str(project.paths.root),
            options={name: chosen[name] for name in _IN_PLAN},
            request=plain(request),
            host=project.host,
            settings=project.settings,
        ),
        root=project.paths.root,
        store=store,
        digests=digests,
        isolation=rank(options),
        images_now=image_identifiers,
        writes=writes,
    )


def rank(options: BuildOptions) -> Isolation:
    """The isolation of the rooms that such a run makes."""
    if options.native:
        return Isolation.NATIVE
    return Isolation.REUSED if options.container else Isolation.FRESH


def nothing_to_do(memory: Memory, project: Project, options: BuildOptions) -> tuple[RunSummary, tuple[str, ...]] | None:
    """The summary of a run that finds everything done, with its notes; None where the long way must be gone."""
    began = time.monotonic()
    if options.recreate or options.container:
        return None
    found = memory.recall()
    if found is None or not found[1] or not memory.complete(found[0]):
        return None
    if not options.native and _orphans(project):
        return None
    seconds = time.monotonic() - began
    check = found[0]
    return RunSummary(tasks=(), results={}, seconds=seconds, longest_chain=0, up_to_date=check.tasks), check.notes


def _orphans(project: Project) -> bool:
    """Whether a killed run left containers, or the engine does not say."""
    for role in ("room", "layer"):
        names = container_names(project=project.identity, role=role)
        if names is None or any("-failed-" not in name for name in names):
            return True
    return False


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
    evidence = [str(path) for task in effects for path in publisher.evidence(work_of(task, hits))]
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
    """What `foresee` may take without computing keys: tasks whose static key and inputs are as they were."""
    rows = store.rows([key for _, key, _ in known.results.values()], isolation)
    same: set[str] = set()

    def shortcut(task: Task) -> StoredResult | None:
        static_key, key, artifacts = known.results.get(task.id, ("", "", ""))
        row = rows.get(key)
        if row is None or static_key != task.static_key or row[3] != artifacts or row[0] != key:
            return None
        if not all(entry.task in same for entry in task.inputs):
            return None
        stored = stored_result(row)
        if not all(store.holds(artifact) for artifact in stored.artifacts):
            return None
        same.add(task.id)
        return stored

    return shortcut
