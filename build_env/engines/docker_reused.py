"""Owns reused rooms: one kept container per name, entered by one task at a time (`--container`).

Lower isolation by choice: the image's files may carry traces of earlier tasks. The build root is laid anew for each
task, and what was installed is remembered by layer key, because apt and dnf take the same version with other bytes
for up to date.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import InfrastructureError
from build_env.engines.docker import LABEL, Connection
from build_env.engines.docker_shell import HeldShell
from build_env.engines.inline import Receiver, laying_script
from build_env.engines.layout import BUILD_ROOT, HOST_NAME, INSTALLED, LIST_PACKAGES, room_environment, room_script
from build_env.engines.network_faults import Listener
from build_env.engines.staging import pack
from build_env.model.command import Role
from build_env.model.room import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.model.room import RoomSpec

__all__ = ["ReusedRoom", "ReusedRooms"]

_INSTALLED = "/var/lib/build-env/installed"


@dataclass
class ReusedRoom:
    """One kept, running container with two held shells: root's for housekeeping, the builder's for the commands."""

    connection: Connection
    container: str
    image: str
    builder: tuple[int, int]
    root_shell: HeldShell
    builder_shell: HeldShell
    networked: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """Lay the build root, install what is missing, run the commands, fetch the results."""
        owner, group = self.builder
        self._lay(pack(spec, prefix=BUILD_ROOT[1:], owner=owner, group=group))
        environment = room_environment(BUILD_ROOT, spec.environment, downloads=spec.downloads is not None, kept=True)
        status = self._install(spec, environment, output)
        peak_memory = 0
        if status == 0:
            commands = [command for command in spec.commands if command.role is Role.RUN]
            self._network(on=any(command.network for command in commands))
            results = {"out": spec.collect, **({"downloads": spec.downloads} if spec.downloads else {})}
            receiver = Receiver(output)
            script = f"{receiver.measuring(kept=True)}cd {BUILD_ROOT}\n"
            script += room_script(commands, BUILD_ROOT, exported=environment)
            if not commands:  # a layer: what the room has now
                script += f"{LIST_PACKAGES} >{BUILD_ROOT}/{INSTALLED}\n"
            script += receiver.script(BUILD_ROOT, *results)
            status = self.builder_shell.run(script, receiver.line)
            receiver.flush()
            peak_memory = receiver.peak_memory
            if status == 0:
                self.connection.fetch(self.container, receiver.archive(), results)
        return RoomOutcome(status=status, message=f"exit status {status}" if status else "", peak_memory=peak_memory)

    def close(self) -> None:
        """Let the shells end; the container stays."""
        self.root_shell.close()
        self.builder_shell.close()

    def _lay(self, archive: bytes) -> None:
        """Unpack the build root anew, through the shell when that is possible, because it is much faster."""
        empty = f"rm -rf {BUILD_ROOT}/*"
        script = laying_script(archive)
        if script and self._root(f"{empty} && {script}", check=False) == 0:
            return
        self._root(f"{empty} && mkdir -p {BUILD_ROOT}")
        with self.connection.errors("filling a room"):
            self.connection.api.put_archive(self.container, "/", archive)

    def _install(self, spec: RoomSpec, environment: dict[str, str], output: Callable[[str], None]) -> int:
        commands = [command for command in spec.commands if command.role is Role.INSTALL]
        mark = f"{_INSTALLED}/{spec.layer_key}"
        if not commands or self._root(f"test -e {mark}", check=False) == 0:
            return 0
        self._network(on=True)
        listener = Listener(output)
        status = self.root_shell.run(room_script(commands, BUILD_ROOT, exported=environment), listener.line)
        if status:
            listener.refuse_fault(status)
        else:
            self._root(f"mkdir -p {_INSTALLED} && touch {mark}")
        return status

    def _root(self, script: str, *, check: bool = True) -> int:
        printed: list[str] = []
        status = self.root_shell.run(script, printed.append)
        if check and status:
            said = " ".join(printed) or f"exit status {status}"
            raise InfrastructureError(
                f"a kept room could not be prepared: {said}", hint="--container=clean removes kept rooms"
            )
        return status

    def _network(self, *, on: bool) -> None:
        """Join or leave the engine's default network; done only when it changes."""
        if on == self.networked:
            return
        api = self.connection.api
        with self.connection.errors("changing a room's network"):
            act = api.connect_container_to_network if on else api.disconnect_container_from_network
            act(self.container, "bridge")
        self.networked = on


@dataclass
class ReusedRooms:
    """The kept rooms this process has entered, by name."""

    connection: Connection
    builder: tuple[int, int]
    _rooms: dict[str, ReusedRoom] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def room(self, spec: RoomSpec) -> Iterator[ReusedRoom]:
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
        """Remove the kept rooms whose names begin with `prefix`."""
        with self.connection.errors("listing kept rooms"):
            found = self.connection.api.containers(all=True, filters={"name": f"^/{prefix}"})
        for item in found:
            self.connection.remove(item["Id"])

    def _enter(self, spec: RoomSpec) -> ReusedRoom:
        api = self.connection.api
        with self.connection.errors("entering a kept room"):
            found = api.containers(all=True, filters={"name": f"^/{spec.name}$"})
            image = api.inspect_image(spec.image)["Id"]
        if found and found[0]["ImageID"] != image:
            self.connection.remove(found[0]["Id"])
            found = []
        container = found[0]["Id"] if found else self._create(spec)
        with self.connection.errors("starting a kept room"):
            if api.inspect_container(container)["State"]["Status"] != "running":
                api.start(container)
            networks = api.inspect_container(container)["NetworkSettings"]["Networks"]
        return ReusedRoom(
            connection=self.connection,
            container=container,
            image=spec.image,
            builder=self.builder,
            root_shell=HeldShell(self.connection, container, "0:0"),
            builder_shell=HeldShell(self.connection, container, ":".join(map(str, self.builder))),
            networked="bridge" in networks,
        )

    def _create(self, spec: RoomSpec) -> str:
        api = self.connection.api
        labels = {f"{LABEL}.{name}": value for name, value in {**spec.labels, "role": "kept-room"}.items()}
        labels.pop(f"{LABEL}.run", None)
        mounts = [f"{m.source}:{m.destination}:{'rw' if m.writable else 'ro'}" for m in spec.mounts]
        with self.connection.errors("making a kept room"):
            # The bounding set of capabilities stays, because root installs here; the builder cannot gain any of it.
            host = api.create_host_config(
                binds=mounts or None, network_mode="bridge", init=True, security_opt=["no-new-privileges"]
            )
            created = api.create_container(
                spec.image,
                ["sleep", "infinity"],
                name=spec.name,
                hostname=HOST_NAME,
                labels=labels,
                user="0:0",
                host_config=host,
            )
        identifier: str = created["Id"]
        return identifier
