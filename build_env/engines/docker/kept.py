"""Owns reused rooms: one kept container per name, entered by one task at a time (`--container`).

Lower isolation by choice: what was installed for one task is there for the next. The build root is laid anew for each
task, and of what the builder left behind nothing stays: processes, files in temporary directories. What was installed
is remembered by layer key, because apt and dnf take the same version with other bytes for up to date.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, EnvironmentNotReady, InfrastructureError
from build_env.core.machine import builder_id
from build_env.engines.docker.containers import BRIDGE, IDLE, Container, binds_of, create
from build_env.engines.docker.conversation import Conversation
from build_env.engines.docker.shell import HeldShell
from build_env.engines.inline import gathered, laying_script
from build_env.engines.layout import (
    BUILD_ROOT,
    HOST_NAME,
    commands_of,
    install_phases,
    limiting_script,
    outcome_of,
    room_environment,
    room_script,
)
from build_env.engines.network_faults import Listener
from build_env.engines.staging import pack
from build_env.engines.supervisor import ENTERING_CAPABILITIES, INSTALLING_CAPABILITIES, Supervisor
from build_env.model.command import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.engines.docker.connection import Connection
    from build_env.model.room import RoomOutcome, RoomSpec

__all__ = ["KeptRoom", "KeptRooms"]

_INSTALLED = "/var/lib/build-env/installed"


@dataclass
class KeptRoom:
    """One kept, running container with a held shell of root, who lets the builder run the commands."""

    connection: Connection
    container: str
    image: str
    root_shell: HeldShell
    networked: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """Lay the build root, install what is missing, run the commands, fetch the results.

        Raises InfrastructureError, Interrupted after `cancel`, OutOfTime, TaskError; with nothing left at work.
        """
        try:
            owner, group = builder_id()
            self._lay(spec, owner, group)
            environment = room_environment(
                BUILD_ROOT, spec.environment, downloads=spec.downloads is not None, kept=True
            )
            if status := self._install(spec, environment, output):
                return outcome_of(status)
            supervisor = Supervisor(uid=owner, gid=group, kept=True)
            if any(command.network for command in commands_of(spec, Role.RUN)):
                environment |= spec.proxies
            talk = Conversation(spec=spec, output=output, exported=environment, supervisor=supervisor)
            self._network(on=talk.network)
            return talk.hold(
                self.connection,
                self.container,
                lambda: outcome_of(
                    self.root_shell.run(talk.script, talk.receiver.line, talk.environment, spec.limits.log)
                ),
            )
        except BuildEnvError:
            self.connection.kill(self.container)  # only the shell was left, what it had started goes on
            raise

    def close(self) -> None:
        """Let the shell end; the container stays."""
        self.root_shell.close()

    def _lay(self, spec: RoomSpec, owner: int, group: int) -> None:
        """Unpack the build root anew, through the shell when that is possible, because it is much faster."""
        supervisor = Supervisor(uid=owner, gid=group, kept=True)
        # A killed run may have left something at work, too.
        empty = f"{supervisor.sweeping}; {supervisor.emptying} && rm -rf {BUILD_ROOT}/*"
        archive = gathered(pack(spec, owner=owner, group=group))
        script = laying_script(archive) if archive is not None else ""
        if script and self._root(f"{empty} && {script}", check=False) == 0:
            return
        self._root(f"{empty} && mkdir -p {BUILD_ROOT}")
        self.connection.put(self.container, pack(spec, owner=owner, group=group))

    def _install(self, spec: RoomSpec, environment: dict[str, str], output: Callable[[str], None]) -> int:
        commands = commands_of(spec, Role.INSTALL)
        mark = f"{_INSTALLED}/{spec.layer_key}"
        if not commands or self._root(f"test -e {mark}", check=False) == 0:
            return 0
        listener = Listener(output)
        for numbers in install_phases(spec):
            self._network(on=commands[numbers.start - 1].network)
            exported = {**environment, **(spec.proxies if self.networked else {})}
            script = limiting_script(spec.limits.files)
            script += room_script(commands, BUILD_ROOT, exported=exported, numbers=numbers)
            if status := self.root_shell.run(script, listener.line, most=spec.limits.log):
                listener.refuse_fault(status)
                return status
        self._root(f"mkdir -p {_INSTALLED} && touch {mark}")
        return 0

    def _root(self, script: str, *, check: bool = True) -> int:
        printed: list[str] = []
        status = self.root_shell.run(script, printed.append)
        if check and status:
            words = " ".join(printed) or f"exit status {status}"
            raise InfrastructureError(
                f"a kept room could not be prepared: {words}", hint="--container=clean removes kept rooms"
            )
        return status

    def _network(self, *, on: bool) -> None:
        """Join or leave the engine's default network; done only when it changes."""
        if on == self.networked:
            return
        api = self.connection.api
        with self.connection.errors("changing a room's network"):
            act = api.connect_container_to_network if on else api.disconnect_container_from_network
            act(self.container, BRIDGE)
        self.networked = on


@dataclass
class KeptRooms:
    """The kept rooms this process has entered, by name."""

    connection: Connection
    _rooms: dict[str, KeptRoom] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def room(self, spec: RoomSpec) -> Iterator[KeptRoom]:
        """The room called `spec.name`, made or started when needed; the caller has it alone."""
        with self._lock:
            room = self._rooms.get(spec.name)
            if room is not None and room.image != spec.image:
                with room.lock:
                    self._rooms.pop(spec.name, None)
                    room.close()
                room = None
            if room is None:
                room = self._rooms[spec.name] = self._enter(spec)
        # Outside the other lock: one room at work must not keep tasks from entering the others.
        with room.lock:
            try:
                yield room
            except BaseException:
                # Whatever state its shells are in, the next task starts new ones.
                self._rooms.pop(spec.name, None)
                room.close()
                raise

    def close(self) -> None:
        """Leave the rooms."""
        with self._lock:
            for room in self._rooms.values():
                room.close()
            self._rooms.clear()

    def clean(self, prefix: str) -> None:
        """Remove the kept rooms whose names begin with `prefix`. Raises InfrastructureError."""
        for item in self.connection.containers(name=f"^/{prefix}"):
            self.connection.remove(item["Id"])

    def _enter(self, spec: RoomSpec) -> KeptRoom:
        connection = self.connection
        there = connection.containers(name=f"^/{spec.name}$")
        image = connection.image(spec.image)
        if there and image and there[0]["ImageID"] != image["Id"]:
            connection.remove(there[0]["Id"])
            there = []
        container = there[0]["Id"] if there else self._create(spec)
        if connection.inspect(container)["State"]["Status"] != "running":
            connection.start(container)
        shell = HeldShell(connection, container, "0:0")
        owner, group = builder_id()
        if shell.run(f"command -v setpriv && chown {owner}:{group} /proc/self/fd/1", lambda _line: None):
            raise EnvironmentNotReady(
                f"{spec.image} has no setpriv, which rooms that are kept need", hint="install util-linux in it"
            )
        return KeptRoom(
            connection=connection,
            container=container,
            image=spec.image,
            root_shell=shell,
            networked=BRIDGE in connection.inspect(container)["NetworkSettings"]["Networks"],
        )

    def _create(self, spec: RoomSpec) -> str:
        """Made without the label of a run, so that none takes it for what a dead one left.

        Root installs here, and lays what the builder gets, who cannot gain any of its capabilities.
        """
        labels = {name: value for name, value in spec.labels.items() if name != "run"}
        room = Container(
            image=spec.image,
            command=IDLE,
            name=spec.name,
            host_name=HOST_NAME,
            labels={**labels, "role": "kept-room"},
            user="0:0",
            capabilities=tuple(sorted({*INSTALLING_CAPABILITIES, *ENTERING_CAPABILITIES})),
            network=BRIDGE,
            binds=binds_of(spec.mounts),
            init=True,
            limits=spec.limits,
        )
        return create(self.connection, room)
