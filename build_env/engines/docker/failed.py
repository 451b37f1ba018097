"""Owns looking into the room of a failed task, and running the task's last commands there: in a copy of it.

A copy, because the container is stopped and its command cannot be changed. The lowest rank of isolation: what a
person did in the room before is in the result.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.engines.docker.connection import LABEL
from build_env.engines.docker.console import Inside
from build_env.engines.docker.containers import BRIDGE, IDLE, NO_NETWORK, Container, create
from build_env.engines.docker.conversation import Conversation
from build_env.engines.docker.fresh import in_time
from build_env.engines.docker.leftovers import failed_name
from build_env.engines.docker.shell import HeldShell
from build_env.engines.layout import EVERY, HOST_NAME, outcome_of
from build_env.engines.supervisor import ENTERING_CAPABILITIES, Supervisor
from build_env.model.artifact import Isolation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.engines.docker.connection import Connection
    from build_env.engines.docker.leftovers import FailedRoom
    from build_env.model.room import RoomOutcome, RoomSpec

__all__ = ["ContinuedRoom", "Copy", "copied", "copied_to_continue"]


@dataclass
class Copy:
    """A running copy of a failed room, and how it is entered. It goes at the end unless `keep` was set."""

    inside: Inside
    keep: bool = False

    def name_again(self, command: int) -> None:
        """Let its name tell the command that failed now. Raises InfrastructureError."""
        connection = self.inside.connection
        with connection.errors("keeping a failed room"):
            connection.api.rename(self.inside.container, failed_name(secrets.token_hex(6), command))


@contextlib.contextmanager
def copied(
    connection: Connection, room: FailedRoom, labels: Mapping[str, str], *, network: str = NO_NETWORK, name: str = ""
) -> Iterator[Copy]:
    """A copy of the failed room: same files, mounts, user and environment. `labels` replace those of the room.

    Raises InfrastructureError.
    """
    original = connection.inspect(room.container)
    config = original["Config"]
    user = config["Labels"].get(f"{LABEL}.user") or config["User"] or "0:0"
    with connection.errors("looking into a failed room"):
        image: str = connection.api.commit(room.container, pause=False)["Id"]
    idle = Container(
        image=image,
        command=IDLE,
        labels=labels,
        user="0:0",  # ends with the copy, not with what is left of the builder
        capabilities=ENTERING_CAPABILITIES,
        network=network,
        name=name,
        host_name=HOST_NAME,
        # A directory that is gone would be made anew by the engine, as root and empty.
        binds=[bind for bind in original["HostConfig"].get("Binds") or () if Path(bind.split(":")[0]).is_dir()],
        init=True,
    )
    copy: Copy | None = None
    container = ""
    try:
        with connection.interruptible():
            container = create(connection, idle)
            connection.start(container)
            directory = config["WorkingDir"] or "/"
            copy = Copy(inside=Inside(connection=connection, container=container, user=user, directory=directory))
            yield copy
    finally:
        if copy is not None and copy.keep:
            connection.kill(container)
        else:
            if container:
                connection.remove(container)
            with connection.errors("removing the copy of a failed room"):
                connection.api.remove_image(image, force=True)


@contextlib.contextmanager
def copied_to_continue(connection: Connection, room: FailedRoom, command: int, *, network: bool) -> Iterator[Copy]:
    """A copy that may take the room's place: with its labels, and the name of one in which `command` failed.

    Raises InfrastructureError.
    """
    prefix = f"{LABEL}."
    there = connection.inspect(room.container)["Config"]["Labels"]
    labels = {name.removeprefix(prefix): value for name, value in there.items() if name.startswith(prefix)}
    name, mode = failed_name(secrets.token_hex(6), command), BRIDGE if network else NO_NETWORK
    with copied(connection, room, labels, network=mode, name=name) as copy:
        yield copy


@dataclass
class ContinuedRoom:
    """The `Engine` port on one running container; `command` is the number of the first command that is run."""

    connection: Connection
    container: str
    user: str
    command: int

    @property
    def isolation(self) -> Isolation:
        """See `Engine.isolation`."""
        return Isolation.CONTINUED

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """See `Engine.run`: what the room must hold is in it, its environment is the container's own."""
        uid, gid = map(int, self.user.split(":"))
        supervisor = Supervisor(uid=uid, gid=gid, kept=True)
        talk = Conversation(spec=spec, output=output, supervisor=supervisor, numbers=range(self.command, EVERY.stop))

        def work() -> RoomOutcome:
            with contextlib.closing(HeldShell(self.connection, self.container, "0:0")) as shell:
                return talk.hold(
                    self.connection,
                    self.container,
                    lambda: outcome_of(shell.run(talk.script, talk.receiver.line, talk.environment, spec.limits.log)),
                )

        try:
            return in_time(self.connection, spec, work)
        finally:
            self.command = talk.receiver.command or self.command

    def cancel(self) -> None:
        """See `Engine.cancel`."""
        self.connection.cancel()
