"""Owns the local executor: does one task with the engine, the store and the publisher of this process.

Makes the room from what the plan says and nothing else, writes the task's log, records the result.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_bytes
from build_env.core.disk import disk_errors
from build_env.core.errors import BuildEnvError, EnvironmentNotReady, InfrastructureError
from build_env.core.trees import tree_manifest
from build_env.model.artifact import Artifact, Isolation, StoredResult
from build_env.model.attempt import AttemptState
from build_env.model.logs import log_file
from build_env.model.result import Status, TaskResult
from build_env.model.task import Stage
from build_env.schedule.attempting import refuse_damaged, state_after
from build_env.schedule.logs import new_log
from build_env.schedule.reasons import first_difference
from build_env.schedule.work import work_of
from build_env.store.cas import GONE

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from build_env.images.target import TargetImages
    from build_env.model.identity import TaskName
    from build_env.model.room import RoomOutcome
    from build_env.model.task import Task
    from build_env.model.work import Work
    from build_env.plan.keys import ImageRecipe
    from build_env.ports import Publisher, Store
    from build_env.schedule.rooms import RoomWork
    from build_env.store.claims import Claims, FileClaim

__all__ = ["LocalExecutor"]


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """The `Executor` port on this machine. `images` is None where rooms are native."""

    root: Path
    logs: Path
    store: Store
    publisher: Publisher
    rooms: RoomWork
    recipes: Mapping[TaskName, ImageRecipe]
    claims: Claims
    images: TargetImages | None = None
    anew: frozenset[TaskName] = field(default_factory=frozenset)

    def work(self, task: Task, stored: Mapping[TaskName, StoredResult]) -> Work:
        """See `Executor.work`."""
        return work_of(task, stored, self.store)

    def find(self, work: Work) -> StoredResult | None:
        """See `Executor.find`."""
        task = work.task
        if task.name in self.anew:
            return None
        if task.stage == Stage.IMAGE:
            return self.images.find(work.key, self.recipes[task.name]) if self.images else None
        if task.stage in {Stage.DEPLOY, Stage.TAR}:
            held = self.publisher.holds(work)
            return _effect(work) if held else None
        return self.store.find(work.key, self.rooms.isolation)

    def reason(self, work: Work) -> str:
        """See `Executor.reason`."""
        task = work.task
        if task.name in self.anew:
            return "asked for with --recreate or --refresh"
        if task.stage in {Stage.DEPLOY, Stage.TAR}:
            return "not deployed yet, or not as it is now"
        latest = self.store.latest(task.name)
        if latest is None:
            return "no result is recorded"
        difference = first_difference(latest.inputs, work.covered, lambda digest: self._manifest(task, digest))
        if difference is not None:
            return str(difference)
        if latest.isolation < self.rooms.isolation:
            return f"its result {_origin(latest.isolation)}, a fresher one is asked for"
        faults = ((item.name, self.store.fault(item)) for item in latest.artifacts)
        return next((f"what it made {fault}: {name}" for name, fault in faults if fault), f"what it made {GONE}")

    def _manifest(self, task: Task, digest: str) -> bytes | None:
        """The manifest of a tree: of today's from the disk, of an earlier one from the store."""
        for tree in task.room.trees if task.room else ():
            if tree.digest == digest:
                return tree_manifest(self.root / tree.path, tree.leave_out)
        path = self.store.path(Artifact(name="tree", digest=digest, size=0))
        data = path.read_bytes() if digest and path.is_file() else b""
        return data if digest_bytes(data) == digest else None

    def claim(self, work: Work) -> FileClaim | None:
        """See `Executor.claim`."""
        return self.claims.claim(_names(work))

    def await_claim(self, work: Work, stop: threading.Event) -> FileClaim | None:
        """The right to do the task, waited for; None only when `stop` was set."""
        return self.claims.await_claim(_names(work), stop)

    def owner(self, work: Work) -> str:
        """See `Executor.owner`."""
        return self.claims.owner(_names(work))

    def run(self, work: Work, output: Callable[[str], None]) -> TaskResult:
        """See `Executor.run`: one attempt, which is ended however the task ends."""
        began = time.monotonic()
        with disk_errors(), self._log(work.task, output) as (log, write):
            for line in work.task.printed:
                write(f"hook: {line}")
            attempt = self.store.begin(work.task.name, work.key, log)
            try:
                return self._attempt(work, attempt, write, began, log)
            except BaseException as error:
                # What the store or the disk says now must not hide what went wrong.
                with contextlib.suppress(Exception):
                    self.store.end(
                        attempt, state_after(error), seconds=time.monotonic() - began, message=str(error), log=log
                    )
                with contextlib.suppress(OSError):
                    write(f"build-env: {error}")
                raise

    def _attempt(self, work: Work, attempt: str, write: Callable[[str], None], began: float, log: str) -> TaskResult:
        """Do the task and write down how it ended; effects leave no result in the store."""
        refuse_damaged(work.inputs, self.store)
        stored, outcome = self._do(work, write)
        seconds, peak = time.monotonic() - began, outcome.peak_memory if outcome else 0
        if stored is None:
            if outcome:
                _refuse_trouble(work.task, outcome.status, log)
            failed = TaskResult(
                status=Status.FAILED,
                seconds=seconds,
                message=outcome.message if outcome else "",
                log=log,
                isolation=self.rooms.isolation,
            )
            self.store.end(
                attempt,
                AttemptState.FAILED,
                seconds=seconds,
                message=failed.message,
                log=log,
                peak_memory=peak,
                isolation=failed.isolation,
            )
            return failed
        stored = replace(
            stored,
            seconds=seconds,
            task=work.task.name,
            inputs=stored.inputs or work.covered,
            peak_memory=peak,
            log=log,
        )
        if work.task.stage in {Stage.DEPLOY, Stage.TAR}:
            self.store.end(attempt, AttemptState.DONE, seconds=seconds, log=log)
        else:
            self.store.record(stored, attempt)
        return TaskResult(status=Status.DONE, seconds=seconds, log=log, stored=stored)

    def cancel(self) -> None:
        """See `Executor.cancel`: what cannot be reached any more is left."""
        with contextlib.suppress(BuildEnvError):
            self.rooms.cancel()
        if self.images:
            with contextlib.suppress(BuildEnvError):
                self.images.cancel()

    def _do(self, work: Work, write: Callable[[str], None]) -> tuple[StoredResult | None, RoomOutcome | None]:
        task = work.task
        if task.stage == Stage.IMAGE and self.images:
            return self.images.make(self.recipes[task.name], write, anew=task.name in self.anew), None
        if task.stage == Stage.DEPLOY:
            self.publisher.add(work, write)
            return _effect(work), None
        if task.stage == Stage.TAR:
            write(str(self.publisher.tar(work)))
            return _effect(work), None
        return self.rooms.do(work, write, anew=task.name in self.anew)

    @contextlib.contextmanager
    def _log(self, task: Task, output: Callable[[str], None]) -> Iterator[tuple[str, Callable[[str], None]]]:
        """The task's log, written line by line as the lines go to the listeners."""
        path = self.logs / log_file(task)
        with new_log(path) as file:

            def write(line: str) -> None:
                file.write(f"{line}\n")
                output(line)

            shown = path.relative_to(self.root) if path.is_relative_to(self.root) else path
            yield str(shown), write


def _refuse_trouble(task: Task, status: int, log: str) -> None:
    """Raise what fits when a command told by its status that not the package was at fault."""
    if status == os.EX_TEMPFAIL:
        raise InfrastructureError(
            f"the {task.stage} stage of {task.subject} could not get what it needs", hint=f"read {log}"
        )
    if status == os.EX_CONFIG:
        raise EnvironmentNotReady(
            f"the {task.stage} stage of {task.subject} has not what it needs",
            hint=f"read {log}; --refresh fetches the package indexes anew",
        )


def _origin(isolation: Isolation) -> str:
    if isolation is Isolation.CONTINUED:
        return "was continued by hand"
    return f"comes from a {isolation.name.lower()} room"


def _names(work: Work) -> frozenset[str]:
    """What a task is claimed by: itself, because of its log and its kept files, and what it makes."""
    return frozenset({str(work.task.name), work.key})


def _effect(work: Work) -> StoredResult:
    return StoredResult(key=work.key, artifacts=(), isolation=Isolation.FRESH, seconds=0.0)
