"""Owns rooms in containers: fresh ones for one task, reused ones that are kept between tasks, and what runs in them.

A room is a container that never had a mount of the checkout: inputs go in and results come out as archives, so the
engine may be on another machine. It runs as the builder, without capabilities, and without network unless asked for.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from build_env.core.errors import InfrastructureError
from build_env.engines.docker_containers import AGENT_SOCKET, Frame, RoomContainers, timed_out
from build_env.engines.docker_reused import ReusedRooms
from build_env.engines.inline import ENTERING_CAPABILITIES, NOT_ENTERED, Receiver, entering_script
from build_env.engines.layout import (
    ARCHIVES,
    BUILD_ROOT,
    INSTALLED,
    LIST_PACKAGES,
    room_environment,
    room_script,
)
from build_env.engines.network_faults import Listener
from build_env.engines.ssh_agent import is_socket, relay
from build_env.engines.staging import pack
from build_env.model.artifact import Isolation
from build_env.model.command import Role
from build_env.model.room import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.engines.docker import Connection
    from build_env.model.room import RoomSpec

__all__ = ["DockerRooms", "builder_id"]

_KILLED = RoomOutcome(status=137, message="the kept room was killed")


def builder_id() -> tuple[int, int]:
    """The uid and gid of the builder: the caller's, or 1000 when root calls. In no key."""
    return (os.getuid(), os.getgid()) if os.getuid() else (1000, 1000)


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
        self._containers = RoomContainers(connection=self.connection, project=self.project)
        self._reused = ReusedRooms(connection=self.connection, builder=builder_id())

    @property
    def isolation(self) -> Isolation:
        """See `Engine.isolation`."""
        return Isolation.REUSED if self.reuse else Isolation.FRESH

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """See `Engine.run`."""
        if spec.name:
            if is_socket(spec.ssh_agent):
                output(
                    "note: the SSH agent is not passed on, because the room is kept; run without --container for that"
                )
            return self._run_kept(spec, output)
        return self._run_fresh(spec, output)

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called: nothing new is begun then."""
        return self._containers.cancelled

    def cancel(self) -> None:
        """See `Engine.cancel`."""
        self._containers.cancel()

    def close(self) -> None:
        """Leave kept rooms, remove what rooms shared; no room may be made after."""
        self._reused.close()
        self._containers.close()

    def clean_reused(self, prefix: str) -> None:
        """Remove the reused rooms whose name begins with `prefix` (`--container=clean`)."""
        self._reused.clean(prefix)

    def _run_kept(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """Run in a kept room. Killing a room cuts its shells off: that is no fault, and the next task gets new ones."""
        late = threading.Event()
        try:
            with self._reused.room(spec) as room:
                with self._containers.watched(room.container, spec, late):
                    outcome = room.run(spec, output)
                self._refuse_killed(late)
        except InfrastructureError:
            if late.is_set():
                return timed_out(spec)
            self._containers.checked(_KILLED)
            raise
        return outcome

    def _refuse_killed(self, late: threading.Event) -> None:
        """Raise when the room was killed, even if its commands were done before."""
        if late.is_set() or self.cancelled:
            raise InfrastructureError(_KILLED.message)

    def _run_fresh(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """Run in a room of its own, filled through its own pipes when that is possible: it saves a third of the time.

        What is too large, or an image that lacks a program for it, takes the engine's way.
        """
        owner, group = _user(spec)
        archive = pack(spec, prefix=BUILD_ROOT[1:], owner=owner, group=group)
        entering = "" if spec.image in self._plain else entering_script(archive, owner, group)
        with self._agent(spec, output) as agent:
            outcome = self._run_filled(spec, archive, entering, agent, output)
            if outcome is None:
                self._plain.add(spec.image)
                outcome = self._run_filled(spec, archive, "", agent, output)
        if outcome is None:
            raise InfrastructureError("the room ended before its commands began")
        return outcome

    def _run_filled(
        self, spec: RoomSpec, archive: bytes, entering: str, agent: str, output: Callable[[str], None]
    ) -> RoomOutcome | None:
        """Run the commands in a room that `entering` fills, without it the engine; None when it could not."""
        commands = [command for command in spec.commands if command.role is Role.RUN]
        declared = {**spec.environment, **spec.variation.environment}
        environment = room_environment(BUILD_ROOT, declared, downloads=spec.downloads is not None)
        results = {"out": spec.collect, **({"downloads": spec.downloads} if spec.downloads else {})}
        receiver = Receiver(output)
        body = room_script(commands, BUILD_ROOT, umask=spec.variation.umask)
        script = receiver.measuring() + body + receiver.script(BUILD_ROOT, *results)
        builder = ":".join(map(str, _user(spec)))
        options = {
            "command": ["/bin/sh", "-c", entering, "sh", script] if entering else ["/bin/sh", "-c", script],
            "environment": environment,
            "user": "0:0" if entering else builder,
            "working_dir": BUILD_ROOT,
        }
        spec = replace(spec, labels={**spec.labels, "user": builder})
        frame = Frame(
            options=_with_agent(options, agent),
            network=any(command.network for command in commands),
            capabilities=ENTERING_CAPABILITIES if entering else (),
            archive=None if entering else archive,
            agent=agent,
            memory=_work_in_memory(*_user(spec)) if spec.variation.reversed_order else {},
        )
        with self._containers.made(spec, frame) as container:
            outcome = self._containers.follow(container, spec, receiver)
            if outcome.status == 0:
                self.connection.fetch(container, receiver.archive(), results)
            elif entering and outcome.status == NOT_ENTERED and receiver.status is None:
                return None
            else:
                self._containers.keep_failed(container, receiver.command)
            return replace(outcome, peak_memory=receiver.peak_memory)

    def run_install(self, spec: RoomSpec, output: Callable[[str], None], keep: Callable[[str], None]) -> RoomOutcome:
        """Run the install commands of `spec` as root; on success `keep` gets the stopped container.

        Raises EnvironmentNotReady when not they were at fault but the network or a mirror.
        The layer must hold neither variables nor the build root: the script sets the one, a volume holds the other.
        """
        commands = [command for command in spec.commands if command.role is Role.INSTALL]
        paths = {"BUILD_ARCHIVES": f"{BUILD_ROOT}/{ARCHIVES}"}
        environment = room_environment(BUILD_ROOT, {**spec.environment, **paths})
        listener = Listener(output)
        receiver = Receiver(listener.line)
        script = receiver.measuring() + room_script(commands, BUILD_ROOT, exported=environment)
        script += f"{LIST_PACKAGES} >{BUILD_ROOT}/{INSTALLED}\n"
        options = {"command": ["/bin/sh", "-c", script], "user": "0:0", "working_dir": "/"}
        network = any(command.network for command in commands)
        archive = pack(spec, prefix=BUILD_ROOT[1:], owner=builder_id()[0], group=builder_id()[1])
        frame = Frame(options=options, network=network, archive=archive, volume=True)
        with self._containers.made(spec, frame) as container:
            outcome = self._containers.follow(container, spec, receiver)
            if outcome.status:
                listener.refuse_fault(outcome.status)
            else:
                self._containers.await_end(container)
                self.connection.fetch(container, None, {"out": spec.collect})
                keep(container)
            return replace(outcome, peak_memory=receiver.peak_memory)

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


def _with_agent(options: dict[str, Any], agent: str) -> dict[str, Any]:
    """The options with the variable by which programs find the SSH agent."""
    if not agent:
        return options
    return {**options, "environment": {**options["environment"], "SSH_AUTH_SOCK": AGENT_SOCKET}}


def _user(spec: RoomSpec) -> tuple[int, int]:
    """The uid and gid of the room's commands."""
    return spec.variation.user or builder_id()
