"""Owns the quick answer: all is done, said without importing what plans, builds or publishes."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from build_env.app.remembered import MEMORIES, Memory, memory_name
from build_env.app.runlock import is_alive, run_lock, sweep_dead
from build_env.core.canonical import plain
from build_env.core.disk import disk_errors
from build_env.engines.docker.peek import containers_with, image_identifiers
from build_env.model.events import Note, RunFinished
from build_env.model.result import RunSummary
from build_env.store.digests import FileDigests
from build_env.store.results import LocalStore, new_run

if TYPE_CHECKING:
    from build_env.app.options import BuildOptions
    from build_env.app.project import Project
    from build_env.plan.select import Request
    from build_env.ports import EventSink

__all__ = ["memory_of", "up_to_date"]

_IN_PLAN = ("target", "architectures", "native", "container", "install")


@disk_errors()
def up_to_date(project: Project, options: BuildOptions, request: Request, sink: EventSink) -> bool:
    """Whether the run has nothing to do, and has said so; otherwise only that the store was replaced, if it was.

    What killed runs left below `build/` goes in any case; what they left in the engine is for a whole run.
    """
    directory = project.paths.build / MEMORIES
    if options.images_anew or options.container or not directory.is_dir():
        return False
    began = time.monotonic()
    run = new_run()
    with run_lock(project.paths.build, run):
        store = LocalStore(project.paths.build, run)
        try:
            sweep_dead(project.paths, store)
            memory = memory_of(project, options, request, store, FileDigests(directory / "digests"), writes=True)
            found = None if store.replaced else memory.recall()
            if found is None or not found[1] or not memory.complete(found[0]):
                return False
        finally:
            if store.replaced:
                sink(Note(text=store.replaced))
            store.close()
        if not options.native and _orphans(project):
            return False
    for note in found[0].notes:
        sink(Note(text=note))
    seconds = time.monotonic() - began
    summary = RunSummary(tasks=(), results={}, seconds=seconds, longest_chain=0, up_to_date=found[0].tasks)
    sink(RunFinished(summary=summary))
    return True


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
        isolation=options.isolation,
        images_now=image_identifiers,
        writes=writes,
    )


def _orphans(project: Project) -> bool:
    """Whether a killed run left containers, or the engine does not say."""
    build = project.paths.build
    for role in ("room", "layer", "image"):
        found = containers_with(project=project.checkout, role=role)
        if found is None or any("-failed-" not in name and not is_alive(build, run) for name, run in found):
            return True
    return False
