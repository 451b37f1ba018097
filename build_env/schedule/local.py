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

from build_env.core.errors import EnvironmentNotReady, InfrastructureError, TaskError
from build_env.core.trees import tree_manifest
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.result import Status, TaskResult
from build_env.model.task import Place, Stage
from build_env.plan.keys import IMAGE_FACTS, ImageRecipe, kept_room_name, layer_key
from build_env.ports import RoomEntry, RoomSpec
from build_env.schedule.inputs import dependency_files, refuse_undeclared, room_inputs
from build_env.schedule.reasons import first_difference
from build_env.store.cas import disk_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.images.target import TargetImages
    from build_env.model.task import Task
    from build_env.ports import Engine, Publisher, RoomOutcome, Store, Work

__all__ = ["LocalExecutor"]

_TEMPORARY_FAILURE = 75  # EX_TEMPFAIL of sysexits.h
_NOT_READY = 78  # EX_CONFIG


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """The `Executor` port on this machine. `images` is None where rooms are native."""

    root: Path
    logs: Path
    rooms: Path
    downloads: Path
    engine: Engine
    store: Store
    publisher: Publisher
    recipes: Mapping[str, ImageRecipe]
    labels: Mapping[str, str]
    images: TargetImages | None = None
    reused_prefix: str = ""
    ssh_agent: str = ""
    timeout: float | None = None
    forced: frozenset[str] = field(default_factory=frozenset)

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
            return "asked for with --recreate"
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
        return self._in_room(work, write)

    def _in_room(self, work: Work, write: Callable[[str], None]) -> tuple[StoredResult | None, RoomOutcome | None]:
        task = work.task
        refuse_undeclared(work, self.store)
        with self._directory() as collect:
            spec = self._spec(work, collect)
            if spec.layer_key and self.images and not spec.name:
                spec = replace(spec, image=self.images.layer(spec.layer_key, self._layer_spec(work, spec), write))
            outcome = self.engine.run(spec, write)
            if outcome.status:
                return None, outcome
            self._refuse_changed(task)
            artifacts = self.store.ingest(collect)
        stand_in = next((entry.facts["stand-in"] for entry in work.inputs if entry.facts.get("stand-in")), "")
        return (
            StoredResult(
                key=work.key,
                artifacts=artifacts,
                isolation=self.engine.isolation,
                seconds=0.0,
                facts={"stand-in": stand_in, "layer": spec.layer_key},
            ),
            outcome,
        )

    def _spec(self, work: Work, collect: Path) -> RoomSpec:
        task, room = work.task, work.task.room
        if room is None:
            raise RuntimeError(f"{task.id} has no room")
        image = next((entry for entry in work.inputs if entry.place is Place.IMAGE), None)
        identity = next((item.digest for item in image.artifacts if item.name == IMAGE_FACTS), "") if image else ""
        installs = any(command.role.value == "install" for command in room.commands)
        dependencies = dependency_files(work, self.store) if installs else ()
        key = layer_key(identity, room, [(name, item.digest) for name, item in dependencies]) if installs else ""
        trees = [
            RoomEntry(source=self.root / tree.path, destination=tree.destination, leave_out=tree.leave_out)
            for tree in room.trees
        ]
        kept = kept_room_name(self.reused_prefix, task.target, room.commands[0].kind, identity)
        return RoomSpec(
            image=image.facts["tag"] if image else "",
            commands=room.commands,
            environment=room.environment,
            entries=(*trees, *room_inputs(work, self.store)),
            collect=collect,
            labels={**self.labels, "role": "room", "task": task.id},
            platform=room.platform,
            mounts=tuple(replace(mount, source=str(self.root / mount.source)) for mount in room.mounts),
            downloads=self._downloads(task) if room.downloads else None,
            epoch=room.epoch,
            name=kept if self.reused_prefix and image else "",
            layer_key=key,
            ssh_agent=self.ssh_agent if task.stage is Stage.SOURCE else "",
            timeout=self.timeout,
        )

    def _layer_spec(self, work: Work, spec: RoomSpec) -> RoomSpec:
        """What the layer's room sees: the dependency set and the shared folders, not the package."""
        shared = tuple(entry for entry in spec.entries if entry.destination.startswith("common/"))
        files = tuple(
            RoomEntry(source=self.store.path(item), destination=f"in/{name}")
            for name, item in dependency_files(work, self.store)
        )
        return replace(
            spec,
            entries=(*shared, *files),
            labels={**spec.labels, "role": "layer"},
            downloads=None,
            ssh_agent="",
            environment={**spec.environment, "BUILD_STAGE": "install"},
        )

    def _downloads(self, task: Task) -> Path:
        directory = self.downloads / task.subject
        directory.mkdir(parents=True, exist_ok=True)
        return directory

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
            raise InfrastructureError(
                f"the {task.stage.value} stage of {task.subject} could not get what it needs", hint=f"read {log}"
            )
        if outcome and outcome.status == _NOT_READY:
            raise EnvironmentNotReady(
                f"the {task.stage.value} stage of {task.subject} has not what it needs",
                hint=f"read {log}; --refresh fetches the package indexes anew",
            )
        rank = self.engine.isolation
        return TaskResult(status=Status.FAILED, seconds=seconds, message=message, log=log, isolation=rank)


def _effect(work: Work) -> StoredResult:
    return StoredResult(key=work.key, artifacts=(), isolation=Isolation.FRESH, seconds=0.0)
