"""Owns the rooms that failed tasks left: which there are, a copy to look into, and going on with the task in one.

A copy, because the container is stopped and its command cannot be changed. A task that is continued gets the lowest
rank: the next run that asks for a fresh result builds again.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from build_env.app.ahead import foresee_build
from build_env.app.options import BuildOptions
from build_env.app.session import open_session
from build_env.core.errors import UsageError
from build_env.engines.docker import LABEL
from build_env.engines.docker_console import Inside
from build_env.engines.docker_containers import failed_name
from build_env.engines.docker_continued import ContinuedRoom
from build_env.engines.layout import HOST_NAME
from build_env.model.command import Role
from build_env.plan.select import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.app.project import Project
    from build_env.engines.docker import Connection
    from build_env.model.result import TaskResult
    from build_env.model.task import Task
    from build_env.model.work import Work
    from build_env.schedule.local import LocalExecutor

__all__ = ["IDLE", "Continuation", "FailedRoom", "choose_failed", "continued", "copied", "failed_rooms"]

IDLE = ["sleep", "infinity"]
CONTINUED = "continued"  # the directory below `build/` with what continued tasks made


@dataclass(frozen=True, kw_only=True)
class FailedRoom:
    """A stopped container that a failed task left: the task's id, when it failed.

    `key` is that of the task, `command` the number of the command that failed (0: unknown), `architectures` those
    that the run was for.
    """

    container: str
    task: str
    created: int
    key: str = ""
    command: int = 0
    architectures: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """The package."""
        return self.task.rsplit(":", 3)[1] if self.task.count(":") >= 3 else self.task  # noqa: PLR2004

    @property
    def target(self) -> str:
        """The target."""
        return self.task.split(":", 1)[0]


def failed_rooms(connection: Connection, project: Project) -> list[FailedRoom]:
    """The rooms that failed tasks of this checkout left, the newest of each task, newest first."""
    newest: dict[str, FailedRoom] = {}
    found = connection.containers(project=project.checkout, role="room")
    for item in sorted(found, key=lambda item: int(item["Created"]), reverse=True):
        name = next((name for name in item["Names"] or () if "-failed-" in name), "")
        if name:
            room = _failed_room(item, name)
            newest.setdefault(room.task, room)
    return list(newest.values())


def _failed_room(item: Mapping[str, object], name: str) -> FailedRoom:
    labels = item["Labels"]
    said: Mapping[str, str] = labels if isinstance(labels, dict) else {}
    number = name.rpartition(".")[2]
    return FailedRoom(
        container=str(item["Id"]),
        task=said.get(f"{LABEL}.task", ""),
        created=int(str(item["Created"])),
        key=said.get(f"{LABEL}.key", ""),
        command=int(number) if number.isdecimal() else 0,
        architectures=tuple(filter(None, said.get(f"{LABEL}.architectures", "").split(","))),
    )


def choose_failed(rooms: list[FailedRoom], wanted: str) -> FailedRoom:
    """The room that `wanted` means: a package, a task, the end of a task's name, or nothing for the only one.

    Raises UsageError that lists the candidates.
    """
    fitting = [room for room in rooms if not wanted or wanted in {room.subject, room.task}]
    fitting = fitting or [room for room in rooms if room.task.endswith(f":{wanted}")]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(room.task for room in fitting or rooms)
    if fitting:
        raise UsageError(f"several failed rooms are kept: {listed}", hint="build-env shell --failed TASK names one")
    what = f"no failed room of {wanted} is kept" if wanted else "no failed room is kept"
    raise UsageError(what, hint=f"kept are {listed}" if rooms else "the last three rooms of failed tasks are kept")


@dataclass
class Copy:
    """A running copy of a failed room, and how it is entered. It goes at the end unless `keep` was set."""

    inside: Inside
    keep: bool = False


@contextlib.contextmanager
def copied(
    connection: Connection, room: FailedRoom, labels: Mapping[str, str], *, network: str = "none", name: str = ""
) -> Iterator[Copy]:
    """A copy of the failed room: same files, mounts, user and environment. `labels` replace those of the room."""
    api = connection.api
    with connection.errors("looking into a failed room"):
        found = api.inspect_container(room.container)
        image = api.commit(room.container, pause=False)["Id"]
    config = found["Config"]
    user = config["Labels"].get(f"{LABEL}.user") or config["User"] or "0:0"
    copy: Copy | None = None
    container = ""
    try:
        with connection.errors("making a copy of a failed room"):
            host = api.create_host_config(
                binds=[bind for bind in found["HostConfig"].get("Binds") or () if Path(bind.split(":")[0]).is_dir()],
                network_mode=network,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                init=True,
            )
            own = {"labels": dict(labels), "user": user, "host_config": host, "hostname": HOST_NAME}
            container = api.create_container(image, IDLE, name=name or None, **own)["Id"]
            api.start(container)
        directory = config["WorkingDir"] or "/"
        copy = Copy(inside=Inside(connection=connection, container=container, user=user, directory=directory))
        yield copy
    finally:
        if copy is not None and copy.keep:
            with connection.errors("keeping a failed room"):
                api.kill(container)
        else:
            if container:
                connection.remove(container)
            with connection.errors("removing the copy of a failed room"):
                api.remove_image(image, force=True)


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
        claim = self.executor.await_claim(self.work, threading.Event())
        try:
            result = self.executor.run(self.work, output)
        finally:
            if claim:
                claim.release()
        if result.stored is None:
            self._name_again()
            return result
        self.copy.keep = False
        shutil.rmtree(self.made, ignore_errors=True)
        for artifact in result.stored.artifacts:
            path = self.made / artifact.name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.executor.store.path(artifact), path)
            self.paths.append(path)
        return result

    def _name_again(self) -> None:
        """The name of a failed room tells the command that failed."""
        connection, container = self.copy.inside.connection, self.copy.inside.container
        with connection.errors("keeping a failed room"):
            connection.api.rename(container, failed_name(secrets.token_hex(6), self.engine.command))


@contextlib.contextmanager
def continued(connection: Connection, project: Project, room: FailedRoom) -> Iterator[Continuation]:
    """The task of `room`, ready to go on in a copy. Raises UsageError when it would be another task today."""
    options = BuildOptions(target=room.target, architectures=room.architectures)
    with open_session(project, options, writes=True) as session:
        planned, _, hits = foresee_build(session, Request(packages=(room.subject,)))
        task = next((task for task in planned.plan if task.id == room.task), None)
        executor = session.executor(planned)
        if task is None or task.room is None or any(entry.task not in hits for entry in task.inputs):
            _refuse(room)
        work = executor.work(task, hits)
        if work.key != room.key:
            _refuse(room)
        commands = [command for command in task.room.commands if command.role is Role.RUN]
        first = max(1, room.command)
        with connection.errors("looking into a failed room"):
            labels = connection.api.inspect_container(room.container)["Config"]["Labels"]
        network = "bridge" if any(command.network for command in commands[first - 1 :]) else "none"
        name = failed_name(secrets.token_hex(6), first)
        with copied(connection, room, labels, network=network, name=name) as copy:
            inside = copy.inside
            engine = ContinuedRoom(connection=connection, container=inside.container, user=inside.user, command=first)
            rooms = replace(executor.rooms, engine=engine)
            yield Continuation(
                copy=copy,
                work=work,
                executor=replace(executor, rooms=rooms),
                engine=engine,
                commands=len(commands),
                made=project.paths.build / CONTINUED / room.target.replace("/", "-") / _file_name(task),
            )


def _file_name(task: Task) -> str:
    return ".".join(part for part in (task.subject, task.arch, task.stage.value) if part)


def _refuse(room: FailedRoom) -> NoReturn:
    raise UsageError(
        f"{room.task} cannot be continued: what it is made from is not what it was when it failed",
        hint="run build-all again; without --continue the room can still be looked into",
    )
