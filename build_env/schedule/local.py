"""Owns the local executor: does one task with the engine, the store and the publisher of this process.

Makes the room from what the plan says and nothing else, writes the task's log, records the result.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import BuildEnvError, EnvironmentNotReady, InfrastructureError, Interrupted
from build_env.model.action import ImageAction
from build_env.model.attempt import AttemptState
from build_env.model.result import Status, TaskResult
from build_env.schedule.logs import new_log
from build_env.work.inputs import refuse_damaged
from build_env.work.registry import kind_of
from build_env.work.resolve import work_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName
    from build_env.model.task import Task
    from build_env.model.work import Work
    from build_env.ports import Publisher, Store
    from build_env.store.claims import Claims
    from build_env.work.kind import Hands
    from build_env.work.rooms import RoomWork

__all__ = ["LocalExecutor"]


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """The `Executor` port on this machine: what a task is done by is asked of its kind."""

    logs: Path
    hands: Hands
    claims: Claims
    anew: frozenset[TaskName] = field(default_factory=frozenset)

    @property
    def store(self) -> Store:
        """The store of the run."""
        return self.hands.store

    @property
    def publisher(self) -> Publisher:
        """The publisher of the run."""
        return self.hands.publisher

    @property
    def rooms(self) -> RoomWork:
        """What makes rooms."""
        return self.hands.rooms

    def work(self, task: Task, stored: Mapping[TaskName, StoredResult]) -> Work:
        """See `Executor.work`."""
        if isinstance(task.action, ImageAction):
            self.rooms.made[task.name] = task
        return work_of(task, stored, self.store)

    def find(self, work: Work) -> StoredResult | None:
        """See `Executor.find`."""
        return None if work.task.name in self.anew else kind_of(work.task.stage).find(work, self.hands)

    def reason(self, work: Work) -> str:
        """See `Executor.reason`."""
        if work.task.name in self.anew:
            return "asked for with --recreate or --refresh"
        return kind_of(work.task.stage).reason(work, self.hands)

    def claim(self, work: Work) -> contextlib.ExitStack | None:
        """See `Executor.claim`."""
        return self.claims.claim(kind_of(work.task.stage).claimed_by(work))

    @contextlib.contextmanager
    def claimed(self, work: Work) -> Iterator[None]:
        """Have the task alone, waiting for other runs."""
        claim = self.claims.await_claim(kind_of(work.task.stage).claimed_by(work), threading.Event())
        with claim or contextlib.nullcontext():
            yield

    def owner(self, work: Work) -> str:
        """See `Executor.owner`."""
        return self.claims.owner(kind_of(work.task.stage).claimed_by(work))

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
                        attempt, _state_after(error), seconds=time.monotonic() - began, message=str(error), log=log
                    )
                with contextlib.suppress(OSError):
                    for line in _told(error):
                        write(line)
                raise

    def _attempt(self, work: Work, attempt: str, write: Callable[[str], None], began: float, log: str) -> TaskResult:
        """Do the task and write down how it ended; effects leave no result in the store."""
        refuse_damaged(work.inputs, self.store)
        kind = kind_of(work.task.stage)
        done = kind.do(work, self.hands, write, anew=work.task.name in self.anew)
        seconds = time.monotonic() - began
        if done.stored is None:
            if _may_fetch(work.task):
                _refuse_trouble(work.task, done.status, log)
            failed = TaskResult(
                status=Status.FAILED, seconds=seconds, message=done.message, log=log, isolation=self.rooms.isolation
            )
            self.store.end(
                attempt,
                AttemptState.FAILED,
                seconds=seconds,
                message=failed.message,
                log=log,
                peak_memory=done.peak_memory,
                isolation=failed.isolation,
            )
            return failed
        stored = replace(
            done.stored,
            seconds=seconds,
            task=work.task.name,
            inputs=done.stored.inputs or work.covered,
            peak_memory=done.peak_memory,
            log=log,
        )
        if kind.effect:
            self.store.end(attempt, AttemptState.DONE, seconds=seconds, log=log)
        else:
            self.store.record(stored, attempt)
        return TaskResult(status=Status.DONE, seconds=seconds, log=log, stored=stored)

    def cancel(self) -> None:
        """See `Executor.cancel`: what cannot be reached any more is left."""
        with contextlib.suppress(BuildEnvError):
            self.rooms.cancel()
        if self.hands.images:
            with contextlib.suppress(BuildEnvError):
                self.hands.images.cancel()

    @contextlib.contextmanager
    def _log(self, task: Task, output: Callable[[str], None]) -> Iterator[tuple[str, Callable[[str], None]]]:
        """The task's log, written line by line as the lines go to the listeners."""
        path = self.logs / kind_of(task.stage).log_name(task)
        with new_log(path) as put:

            def write(line: str) -> None:
                put(line)
                output(line)

            shown = path.relative_to(self.hands.trees.root) if path.is_relative_to(self.hands.trees.root) else path
            yield str(shown), write


def _state_after(error: BaseException) -> AttemptState:
    """How an attempt stands that ended with `error`: failed is only what the work itself is to blame for."""
    if isinstance(error, Interrupted | KeyboardInterrupt | SystemExit):
        return AttemptState.INTERRUPTED
    if isinstance(error, BuildEnvError) and not isinstance(error, EnvironmentNotReady):
        return AttemptState.FAILED
    return AttemptState.INFRASTRUCTURE


def _told(error: BaseException) -> list[str]:
    """What the log says of an error: all that is known where it is a defect of ours."""
    if isinstance(error, BuildEnvError | KeyboardInterrupt | SystemExit):
        return [f"build-env: {error}"]
    return [f"build-env: {line}" for part in traceback.format_exception(error) for line in part.splitlines()]


def _may_fetch(task: Task) -> bool:
    """Whether something outside can be at fault: a room without network has no such excuse."""
    return task.room is None or any(command.network for command in task.room.commands)


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
