"""Owns going on with a task in the room that it left when it failed, and which room a person means.

A task that is continued gets the lowest
rank: the next run that asks for a fresh result builds again.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from build_env.app.build import foresee_build
from build_env.app.session import open_session
from build_env.core.disk import copy
from build_env.core.errors import UsageError
from build_env.engines.docker.failed import ContinuedRoom, copied_to_continue
from build_env.engines.docker.leftovers import FailedRoom, failed_rooms
from build_env.model.command import Role
from build_env.model.options import BuildOptions
from build_env.plan.select import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.engines.docker.connection import Connection
    from build_env.engines.docker.failed import Copy
    from build_env.model.identity import TaskName
    from build_env.model.result import TaskResult
    from build_env.model.task import Task
    from build_env.model.work import Work
    from build_env.schedule.local import LocalExecutor

__all__ = ["Continuation", "choose_failed", "continued", "kept_rooms"]

CONTINUED = "continued"  # the directory below `build/` with what continued tasks made


def kept_rooms(connection: Connection, project: Project) -> list[FailedRoom]:
    """The rooms that failed tasks of this checkout left, the newest of each task, newest first."""
    newest: dict[TaskName, FailedRoom] = {}
    for room in failed_rooms(connection, project.checkout):
        newest.setdefault(room.task, room)
    return list(newest.values())


def choose_failed(rooms: list[FailedRoom], wanted: str, arch: str = "") -> FailedRoom:
    """The room that `wanted` means: a package, a task, the end of a task's name, or nothing for the only one.

    Only rooms of tasks for `arch`, if it is given. Raises UsageError that lists the candidates.
    """
    rooms = [room for room in rooms if arch in {"", room.task.architecture}]
    fitting = [room for room in rooms if not wanted or wanted in {room.task.subject, str(room.task)}]
    fitting = fitting or [room for room in rooms if str(room.task).endswith(f":{wanted}")]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(str(room.task) for room in fitting or rooms)
    if fitting:
        hint = f"build-env shell --failed {fitting[0].task} takes the newest"
        raise UsageError(f"several failed rooms are kept: {listed}", hint=hint)
    what = f"no failed room of {wanted} is kept" if wanted else "no failed room is kept"
    raise UsageError(what, hint=f"kept are {listed}" if rooms else "the last three rooms of failed tasks are kept")


@dataclass
class Continuation:
    """A task that can go on: `copy` is open to look around and mend; `command` of `commands` is the next."""

    copy: Copy
    work: Work
    executor: LocalExecutor
    engine: ContinuedRoom
    commands: int
    made: Path
    paths: list[Path] = field(default_factory=list)

    def go_on(self, output: Callable[[str], None]) -> TaskResult:
        """Run the commands that are left. A failure keeps the room as it is then, for another try."""
        self.copy.keep = True
        with self.executor.claimed(self.work):
            result = self.executor.run(self.work, output)
        if result.stored is None:
            self.copy.name_again(self.engine.command)
            return result
        self.copy.keep = False
        shutil.rmtree(self.made, ignore_errors=True)
        for artifact in result.stored.artifacts:
            path = self.made / artifact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            with self.executor.store.path(artifact).open("rb") as source, path.open("wb") as target:
                copy(source, target)
            self.paths.append(path)
        return result


@contextlib.contextmanager
def continued(connection: Connection, project: Project, room: FailedRoom) -> Iterator[Continuation]:
    """The task of `room`, ready to go on in a copy. Raises UsageError when it would be another task today."""
    options = BuildOptions(targets=(room.task.target,), architectures=room.architectures)
    with open_session(project, options, writes=True) as session:
        planned, _, hits = foresee_build(session, Request(packages=(room.task.subject,)))
        task = next((task for task in planned.plan if task.name == room.task), None)
        executor = session.executor()
        if task is None or task.room is None or any(entry.task not in hits for entry in task.inputs):
            _refuse(room)
        work = executor.work(task, hits)
        if work.key != room.key:
            _refuse(room)
        commands = [command for command in task.room.commands if command.role is Role.RUN]
        first = max(1, room.command)
        network = any(command.network for command in commands[first - 1 :])
        with copied_to_continue(connection, room, first, network=network) as copy:
            inside = copy.inside
            engine = ContinuedRoom(connection=connection, container=inside.container, user=inside.user, command=first)
            rooms = replace(executor.rooms, worker=replace(executor.rooms.worker, engine=engine))
            yield Continuation(
                copy=copy,
                work=work,
                executor=replace(executor, hands=replace(executor.hands, rooms=rooms)),
                engine=engine,
                commands=len(commands),
                made=project.paths.build / CONTINUED / room.task.target.replace("/", "-") / _file_name(task),
            )


def _file_name(task: Task) -> str:
    return ".".join(part for part in (task.subject, task.arch, task.stage) if part)


def _refuse(room: FailedRoom) -> NoReturn:
    raise UsageError(
        f"{room.task} cannot be continued: what it is made from is not what it was when it failed",
        hint="run build-all again; without --continue the room can still be looked into",
    )
