"""Owns rooms in containers, as the `Engine` port has them: what runs in each, as whom, and what it may do.

A room is a container that never had a mount of the checkout: inputs go in and results come out as archives, so the
engine may be on another machine. It runs as the builder, without capabilities, and without network unless asked for.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors, scratch
from build_env.core.errors import InfrastructureError
from build_env.core.machine import builder_id
from build_env.engines.collecting import RESULTS
from build_env.engines.docker.containers import BRIDGE, NO_NETWORK, Container, binds_of
from build_env.engines.docker.conversation import Conversation
from build_env.engines.docker.fresh import FreshContainers, in_time
from build_env.engines.docker.kept import KeptRooms
from build_env.engines.inline import gathered, laying_script
from build_env.engines.layout import (
    ARCHIVES,
    BUILD_ROOT,
    HOST_NAME,
    INSTALLED,
    cache_place,
    exporting,
    install_phases,
    room_environment,
)
from build_env.engines.network_faults import Listener
from build_env.engines.ssh_agent import is_socket, relay
from build_env.engines.staging import pack
from build_env.engines.supervisor import (
    ENTERING_CAPABILITIES,
    INSTALLING_CAPABILITIES,
    NOT_ENTERED,
    Supervisor,
    entering_script,
)
from build_env.model.artifact import Isolation
from build_env.model.command import Mount, Role
from build_env.model.room import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.engines.docker.connection import Connection
    from build_env.model.room import RoomSpec

__all__ = ["DockerRooms"]

_PROXIES = "proxies"  # a file of the build root
_AGENT_SOCKET = f"{BUILD_ROOT}/ssh-agent"


@dataclass
class DockerRooms:
    """The `Engine` port on containers. `reuse` keeps one container per target and image kind.

    Of the failed rooms of `project` the last ones are kept.
    """

    connection: Connection
    project: str
    reuse: bool = False
    _plain: set[str] = field(default_factory=set)  # images that lack the programs for filling a room from inside

    def __post_init__(self) -> None:
        """Prepare the keepers of rooms."""
        self.fresh = FreshContainers(connection=self.connection, project=self.project)
        self.kept = KeptRooms(connection=self.connection)

    @property
    def isolation(self) -> Isolation:
        """See `Engine.isolation`."""
        return Isolation.REUSED if self.reuse else Isolation.FRESH

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """See `Engine.run`. Raises Interrupted after `cancel`."""
        if spec.name and is_socket(spec.ssh_agent):
            output("note: the SSH agent is not passed on, because the room is kept; run without --container for that")
        if spec.name and spec.caches:
            output("note: there are no caches, because the room is kept; run without --container for them")
        run = self._run_kept if spec.name else self._run_fresh
        return in_time(self.connection, spec, lambda: run(spec, output))

    def cancel(self) -> None:
        """See `Engine.cancel`."""
        self.connection.cancel()

    def close(self) -> None:
        """Leave kept rooms, remove what rooms shared; no room may be made after."""
        self.kept.close()
        self.fresh.close()

    def _run_kept(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        with self.kept.room(spec) as room:
            return room.run(spec, output)

    def _run_fresh(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """Run in a room of its own, in which root supervises the builder; without that where the image cannot."""
        owner, group = _user(spec)
        supervisor = Supervisor(uid=owner, gid=group)
        with self._agent(spec, output) as agent:
            if spec.image not in self._plain:
                archive = gathered(pack(spec, owner=owner, group=group))
                # Filled through its own pipes where that is possible: it saves a third of the time.
                laying = laying_script(archive) if archive is not None else ""
                outcome = self._run_filled(spec, agent, output, supervisor=supervisor, laying=laying)
                if outcome is not None:
                    return outcome
                self._plain.add(spec.image)
            outcome = self._run_filled(spec, agent, output)
        if outcome is None:
            raise InfrastructureError("the room ended before its commands began")
        return outcome

    def _run_filled(
        self,
        spec: RoomSpec,
        agent: str,
        output: Callable[[str], None],
        *,
        supervisor: Supervisor | None = None,
        laying: str = "",
    ) -> RoomOutcome | None:
        """Run the commands in a room that `laying` fills, without it the engine; None when nobody could supervise."""
        talk = Conversation(spec=spec, output=output, supervisor=supervisor)
        owner, group = _user(spec)
        declared = {**spec.environment, **spec.variation.environment}
        caches = self._caches(spec, output)
        environment = room_environment(BUILD_ROOT, declared, downloads=spec.downloads is not None, caches=caches)
        begin = ["/bin/sh", "-c", entering_script(laying, supervisor), "sh"] if supervisor else ["/bin/sh", "-c"]
        container = Container(
            image=spec.image,
            command=[*begin, talk.script],
            labels={**spec.labels, "user": f"{owner}:{group}"},
            user="0:0" if supervisor else f"{owner}:{group}",
            capabilities=ENTERING_CAPABILITIES if supervisor else (),
            network=BRIDGE if talk.network else NO_NETWORK,
            host_name=spec.variation.host_name or HOST_NAME,
            directory=BUILD_ROOT,
            environment={
                **(spec.proxies if talk.network else {}),
                **environment,
                **({"SSH_AUTH_SOCK": _AGENT_SOCKET} if agent else {}),
                **talk.environment,
            },
            binds=[*binds_of([*spec.mounts, *caches.values()]), *([f"{agent}:{_AGENT_SOCKET}"] if agent else [])],
            memory=_work_in_memory(owner, group) if spec.variation.reversed_order else {},
            processors=spec.variation.processors,
            limits=spec.limits,
        )
        with self.fresh.made(container, None if laying else pack(spec, owner=owner, group=group)) as room:
            outcome = talk.hold(self.connection, room, lambda: self.fresh.follow(room, spec, talk.receiver))
            if supervisor and outcome.status == NOT_ENTERED and talk.receiver.status is None:
                return None
            if outcome.status and spec.kept:
                self.fresh.keep_failed(room, talk.receiver.command)
            return outcome

    def run_install(self, spec: RoomSpec, output: Callable[[str], None], keep: Callable[[str], None]) -> RoomOutcome:
        """Run the install commands of `spec` as root; on success `keep` gets the stopped container.

        `spec.collect` gets what was fetched, and the list of what is installed. Raises EnvironmentNotReady when not the
        commands were at fault but the network or a mirror.
        """
        return in_time(self.connection, spec, lambda: self._install(spec, output, keep))

    def _install(self, spec: RoomSpec, output: Callable[[str], None], keep: Callable[[str], None]) -> RoomOutcome:
        """Commands with network have a container ahead of that of the others, which gets nothing but what was fetched.

        So scripts of packages run where there is no network, after what was fetched has left the room.
        """
        listener, phases, before, peak = Listener(output), install_phases(spec), "", 0
        with contextlib.ExitStack() as rooms, scratch(spec.collect, "listed-") as listed:
            for numbers in phases:
                returned = {ARCHIVES: spec.collect / ARCHIVES} if numbers is phases[0] else {}
                returned |= {RESULTS: listed} if numbers is phases[-1] else {}
                talk, container = self._installing(spec, numbers, returned, before, listener.line)
                owner, group = builder_id()
                secrets = {_PROXIES: exporting(spec.proxies).encode()} if talk.secrets else {}
                filling = None if before else pack(spec, owner=owner, group=group, secrets=secrets)
                before = rooms.enter_context(self.fresh.made(container, filling))
                following = partial(self.fresh.follow, before, spec, talk.receiver)
                outcome = talk.hold(self.connection, before, following)
                if outcome.status:
                    listener.refuse_fault(outcome.status)
                    return outcome
                peak = max(peak, outcome.peak_memory)
            if (listing := listed / Path(INSTALLED).name).is_file():
                listing.replace(spec.collect / listing.name)
            keep(before)
        return RoomOutcome(status=0, peak_memory=peak)

    def _installing(
        self, spec: RoomSpec, numbers: range, returned: Mapping[str, Path], before: str, output: Callable[[str], None]
    ) -> tuple[Conversation, Container]:
        """The commands with these numbers, and the container for them; it has the build root of `before`, if any.

        The layer must hold neither variables nor the build root: the script sets the one, a volume holds the other.
        Its history has the script. Proxies may have passwords, so they are read from a file of the volume.
        Root installs, and so do scripts of packages: what the script says is not believed, the engine tells the end.
        """
        environment = room_environment(BUILD_ROOT, {**spec.environment, "BUILD_ARCHIVES": f"{BUILD_ROOT}/{ARCHIVES}"})
        talk = Conversation(
            spec=spec,
            output=output,
            role=Role.INSTALL,
            exported=environment,
            numbers=numbers,
            returned=returned,
        )
        if talk.network and spec.proxies:
            talk = replace(talk, secrets=_PROXIES)
        container = Container(
            image=spec.image,
            command=["/bin/sh", "-c", talk.script],
            labels=spec.labels,
            user="0:0",
            capabilities=INSTALLING_CAPABILITIES,
            network=BRIDGE if talk.network else NO_NETWORK,
            host_name=HOST_NAME,
            directory="/",
            binds=binds_of(spec.mounts),
            volume=not before,
            volumes_of=before,
            limits=spec.limits,
        )
        return talk, container

    def _caches(self, spec: RoomSpec, output: Callable[[str], None]) -> dict[str, Mount]:
        """The caches of the room by name, each a directory of this machine that the builder may write."""
        mounts: dict[str, Mount] = {}
        if spec.caches and self.connection.remote:
            output(f"note: there are no caches, because the engine at {self.connection.address} is remote")
        elif spec.cache_root:
            for name, place in spec.caches.items():
                directory = spec.cache_root / place
                with disk_errors():
                    directory.mkdir(parents=True, exist_ok=True)
                    os.chown(directory, *builder_id())
                mounts[name] = Mount(source=str(directory), destination=cache_place(BUILD_ROOT, name), writable=True)
        return mounts

    @contextlib.contextmanager
    def _agent(self, spec: RoomSpec, output: Callable[[str], None]) -> Iterator[str]:
        """The socket by which the room reaches the caller's SSH agent, empty when it gets none."""
        if not is_socket(spec.ssh_agent):
            yield ""
        elif self.connection.remote:
            output(f"note: the SSH agent is not passed on, because the engine at {self.connection.address} is remote")
            yield ""
        else:
            with relay(spec.ssh_agent, spec.collect.parent) as socket:
                yield str(socket)


def _work_in_memory(owner: int, group: int) -> dict[str, str]:
    """A file system of its own for the work: one in memory lists files by age, most others by name or by hash."""
    return {f"{BUILD_ROOT}/work": f"exec,mode=0755,uid={owner},gid={group}"}


def _user(spec: RoomSpec) -> tuple[int, int]:
    """The uid and gid of the room's commands."""
    return spec.variation.user or builder_id()
