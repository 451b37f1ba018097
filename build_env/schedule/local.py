"""Owns the local executor: does one task with the engine, the store and the publisher of this process.

Makes the room from what the plan says and nothing else, writes the task's log, records the result.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, TaskError
from build_env.core.trees import tree_manifest
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.result import Status, TaskResult
from build_env.model.task import Place, Stage
from build_env.plan.keys import INSTALLED, ImageRecipe
from build_env.schedule.inputs import refuse_undeclared
from build_env.schedule.reasons import first_difference
from build_env.schedule.specs import RoomSpecs, input_at, layer_key
from build_env.schedule.work import work_of
from build_env.store.cas import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.images.target import TargetImages
    from build_env.model.task import Task
    from build_env.ports import Engine, Publisher, ResolvedInput, RoomOutcome, Store, Work

__all__ = ["LocalExecutor"]

_TEMPORARY_FAILURE = 75


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """The `Executor` port on this machine. `images` is None where rooms are native."""

    root: Path
    logs: Path
    rooms: Path
    engine: Engine
    store: Store
    publisher: Publisher
    specs: RoomSpecs
    recipes: Mapping[str, ImageRecipe]
    images: TargetImages | None = None
    forced: frozenset[str] = field(default_factory=frozenset)

    def work(self, task: Task, stored: Mapping[str, StoredResult]) -> Work:
        """See `Executor.work`."""
        return work_of(task, stored, self.store)

    def find(self, work: Work) -> StoredResult | None:
        """See `Executor.find`."""
        task = work.task
        if task.id in self.forced:
            return None
        if task.stage is Stage.IMAGE:
            return self.images.find(work.key, self.recipes[task.id]) if self.images else None
        if task.stage in {Stage.DEPLOY, Stage.TAR}:
            held = self.publisher.holds(work)
            return _effect(work) if held else None
        return self.store.find(work.key, self.engine.isolation)

    def reason(self, work: Work) -> str:
        """See `Executor.reason`."""
        task = work.task
        if task.id in self.forced:
            return "asked for with --recreate or --refresh"
        if task.stage in {Stage.DEPLOY, Stage.TAR}:
            return "not deployed yet, or not as it is now"
        latest = self.store.latest(task.id)
        if latest is None:
            return "no result is recorded"
        difference = first_difference(latest.inputs, work.covered, lambda digest: self._manifest(task, digest))
        if difference is not None:
            return str(difference)
        if latest.isolation < self.engine.isolation:
            return f"its result comes from a {latest.isolation.name.lower()} room, a fresher one is asked for"
        return "what it made is no longer there"

    def _manifest(self, task: Task, digest: str) -> bytes | None:
        """The manifest of a tree: of today's from the disk, of an earlier one from the store."""
        for tree in task.room.trees if task.room else ():
            if tree.digest == digest:
                return tree_manifest(self.root / tree.path, tree.leave_out)
        path = self.store.path(Artifact(name="tree", digest=digest, size=0))
        return path.read_bytes() if digest and path.is_file() else None

    def run(self, work: Work, output: Callable[[str], None]) -> TaskResult:
        """See `Executor.run`."""
        began = time.monotonic()
        with disk_errors(), self._log(work.task, output) as (log, write):
            for line in work.task.printed:
                write(f"hook: {line}")
            try:
                stored, outcome = self._do(work, write)
            except Exception as error:
                write(f"build-env: {error}")
                raise
            seconds = time.monotonic() - began
            if stored is None:
                return self._failed(work.task, outcome, seconds, log)
            stored = replace(stored, seconds=seconds, task=work.task.id, inputs=stored.inputs or work.covered)
            if work.task.stage not in {Stage.DEPLOY, Stage.TAR}:
                self.store.record(stored)
            return TaskResult(status=Status.DONE, seconds=seconds, log=log, stored=stored)

    def cancel(self) -> None:
        """See `Executor.cancel`."""
        self.engine.cancel()
        if self.images:
            self.images.cancel()

    def _do(self, work: Work, write: Callable[[str], None]) -> tuple[StoredResult | None, RoomOutcome | None]:
        task = work.task
        if task.stage is Stage.IMAGE and self.images:
            return self.images.make(self.recipes[task.id], write, anew=task.id in self.forced), None
        if task.stage is Stage.DEPLOY:
            self.publisher.add(work, write)
            return _effect(work), None
        if task.stage is Stage.TAR:
            write(str(self.publisher.tar(work)))
            return _effect(work), None
        if task.stage is Stage.LAYER and self.images and not self.specs.reused_prefix:
            return self._layer(work, write)
        return self._in_room(work, write)

    def _in_room(self, work: Work, write: Callable[[str], None]) -> tuple[StoredResult | None, RoomOutcome | None]:
        task = work.task
        refuse_undeclared(work, self.store)
        with self._directory() as collect:
            spec = self.specs.of(work, collect)
            layer = input_at(work, Place.LAYER)
            if layer and self.images and not spec.name:
                self._have_layer(work, layer, write)
                spec = replace(spec, image=layer.facts["tag"])
            outcome = self.engine.run(spec, write)
            if outcome.status:
                return None, outcome
            self._refuse_changed(task)
            artifacts = self.store.ingest(collect)
        return self._result(work, artifacts), outcome

    def _result(self, work: Work, artifacts: tuple[Artifact, ...]) -> StoredResult:
        """`installed` is the digest of the list of distribution packages that the room had, with exact versions."""
        lists = [entry for entry in work.inputs if entry.place in {Place.IMAGE, Place.LAYER}]
        installed = [item.digest for entry in lists for item in entry.artifacts if item.name == INSTALLED]
        return StoredResult(
            key=work.key,
            artifacts=artifacts,
            isolation=self.engine.isolation,
            seconds=0.0,
            facts={
                "stand-in": next((entry.facts["stand-in"] for entry in work.inputs if entry.facts.get("stand-in")), ""),
                "layer": layer_key(work),
                "installed": installed[-1] if installed else "",
            },
        )

    def _layer(self, work: Work, write: Callable[[str], None]) -> tuple[StoredResult | None, RoomOutcome | None]:
        """Make the layer as an image; its artifacts are the list of what is installed and what was fetched for it."""
        refuse_undeclared(work, self.store)
        with self._directory() as collect:
            spec = self.specs.layer(work, collect)
            outcome = self._images.layer(spec, write, anew=work.task.id in self.forced)
            if outcome.status:
                return None, outcome
            self._refuse_changed(work.task)
            stored = self._result(work, self.store.ingest(collect))
        tag = self._images.layer_tag(spec)
        return replace(stored, facts={**stored.facts, "layer": work.key, "tag": tag}), outcome

    def _have_layer(self, work: Work, layer: ResolvedInput, write: Callable[[str], None]) -> None:
        """Make the layer again when the engine has lost it: from the packages that were kept, without network."""
        with self._directory() as collect:
            spec = self.specs.layer(work, collect)
            if self._images.has_layer(spec):
                return
            kept = [item for item in layer.artifacts if item.name != INSTALLED]
            write(f"the layer of build dependencies is gone: made again from {len(kept)} packages that were kept")
            outcome = self._images.layer(self.specs.offline(spec, kept), write, anew=True) if kept else None
            if outcome is None or outcome.status:
                outcome = self._images.layer(spec, write, anew=True)
            if outcome.status:
                raise TaskError(f"the layer of build dependencies could not be made again: {outcome.message}")
            made = {item.name: item.digest for item in self.store.ingest(collect)}
        if made.get(INSTALLED) != next(item.digest for item in layer.artifacts if item.name == INSTALLED):
            raise EnvironmentNotReady(
                "the layer of build dependencies came out with other packages than it had",
                hint="run again with --refresh: what the mirrors changed is installed, and what uses it is built again",
            )

    @property
    def _images(self) -> TargetImages:
        if self.images is None:
            raise RuntimeError("native rooms have no layers")
        return self.images

    @contextlib.contextmanager
    def _directory(self) -> Iterator[Path]:
        self.rooms.mkdir(parents=True, exist_ok=True)
        directory = Path(tempfile.mkdtemp(prefix="out-", dir=self.rooms))
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    @contextlib.contextmanager
    def _log(self, task: Task, output: Callable[[str], None]) -> Iterator[tuple[str, Callable[[str], None]]]:
        """The task's log, written line by line as the lines go to the listeners."""
        subject = task.image_build.name if task.image_build else task.subject.replace("/", "-")
        name = ".".join(part for part in (subject, "" if task.image_build else task.arch, task.stage.value) if part)
        path = self.logs / task.target.replace("/", "-") / f"{name}.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", buffering=1) as file:

            def write(line: str) -> None:
                file.write(f"{line}\n")
                output(line)

            shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
            yield str(shown), write

    def _refuse_changed(self, task: Task) -> None:
        """Compare the trees with the plan; their manifests are kept, so that `why` can name single files later."""
        for tree in task.room.trees if task.room else ():
            manifest = tree_manifest(self.root / tree.path, tree.leave_out)
            if self.store.put("tree", manifest).digest != tree.digest:
                raise TaskError(
                    f"{tree.path} changed while the {task.stage.value} stage of {task.subject} ran: "
                    "the result is not kept",
                    hint="run the same command again",
                )

    def _failed(self, task: Task, outcome: RoomOutcome | None, seconds: float, log: str) -> TaskResult:
        message = outcome.message if outcome else ""
        if outcome and outcome.status == _TEMPORARY_FAILURE:
            raise EnvironmentNotReady(
                f"the {task.stage.value} stage of {task.subject} could not get what it needs",
                hint=f"read {log}; --recreate refreshes the package indexes of the images",
            )
        rank = self.engine.isolation
        return TaskResult(status=Status.FAILED, seconds=seconds, message=message, log=log, isolation=rank)


def _effect(work: Work) -> StoredResult:
    return StoredResult(key=work.key, artifacts=(), isolation=Isolation.FRESH, seconds=0.0)
