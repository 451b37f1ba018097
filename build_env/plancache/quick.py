"""Owns the quick answer: all is done, said without importing what plans, builds or publishes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.engines.docker.peek import containers_with, image_identifiers
from build_env.model.events import Note, RunFinished
from build_env.model.result import RunSummary
from build_env.plancache.check import Check
from build_env.plancache.memory import DIGESTS
from build_env.store.digests import FileDigests
from build_env.store.results import LocalStore, new_run
from build_env.store.runlock import is_alive, run_lock, sweep_dead

if TYPE_CHECKING:
    from build_env.core.paths import ProjectPaths
    from build_env.core.trees import Trees
    from build_env.model.artifact import Isolation
    from build_env.plancache.memory import Memory
    from build_env.ports import EventSink

__all__ = ["RememberedCommand"]


@dataclass(frozen=True, kw_only=True)
class RememberedCommand:
    """A command that may have finished before: `name` is that of its memory, `checkout` that of the project's rooms."""

    paths: ProjectPaths
    trees: Trees
    name: str
    isolation: Isolation
    checkout: str
    native: bool

    def check(self, store: LocalStore, digests: FileDigests) -> Check:
        """What compares the memory with what is there."""
        return Check(
            file=self.paths.memories / self.name,
            trees=self.trees.renewed(),
            store=store,
            digests=digests,
            isolation=self.isolation,
            images_now=image_identifiers,
        )

    @disk_errors()
    def up_to_date(self, sink: EventSink) -> bool:
        """Whether there is nothing to do, and `sink` was told so; otherwise only that the store was replaced.

        What killed runs left below `build/` goes in any case; what they left in the engine is for a whole run.
        """
        directory = self.paths.memories
        if not directory.is_dir():
            return False
        began, run = time.monotonic(), new_run()
        with run_lock(self.paths.build, run):
            store = LocalStore(self.paths.build, run)
            try:
                sweep_dead(self.paths, store)
                memory = self.check(store, FileDigests(directory / DIGESTS)).finished()
            finally:
                if store.replaced:
                    sink(Note(text=store.replaced))
                store.close()
            if memory is None or store.replaced or (not self.native and self._has_orphans()):
                return False
        _tell(memory, time.monotonic() - began, sink)
        return True

    def _has_orphans(self) -> bool:
        """Whether a killed run left containers, or the engine does not say."""
        for role in ("room", "layer", "image"):
            containers = containers_with(project=self.checkout, role=role)
            if containers is None:
                return True
            if any("-failed-" not in name and not is_alive(self.paths.build, run) for name, run in containers):
                return True
        return False


def _tell(memory: Memory, seconds: float, sink: EventSink) -> None:
    for note in memory.notes:
        sink(Note(text=note))
    summary = RunSummary(tasks=(), results={}, seconds=seconds, longest_chain=0, up_to_date=memory.tasks)
    sink(RunFinished(summary=summary))
