"""Owns rooms in containers: fresh ones for one task, reused ones that are kept between tasks.

A room is a container that never had a mount of the checkout: inputs go in and results come out as archives, so the
engine may be on another machine. It runs as the builder, without capabilities, and without network unless asked for.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from build_env.core.errors import InfrastructureError, Interrupted
from build_env.engines.docker import LABEL, NO_HANDLER, Connection, no_handler
from build_env.engines.docker_network import SharedNetwork
from build_env.engines.docker_reaper import Reaper
from build_env.engines.docker_reused import ReusedRooms
from build_env.engines.docker_stream import Stream
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
from build_env.engines.output import LineSplitter
from build_env.engines.ssh_agent import is_socket, relay
from build_env.engines.staging import pack
from build_env.model.artifact import Isolation
from build_env.model.command import Role
from build_env.ports import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.ports import RoomSpec

__all__ = ["DockerRooms", "builder_id", "failed_name"]

_KEPT_FAILURES = 3
_TIMED_OUT = 124
_KILLED = RoomOutcome(status=137, message="the kept room was killed")
_AGENT_SOCKET = f"{BUILD_ROOT}/ssh-agent"


def builder_id() -> tuple[int, int]:
    """The uid and gid of the builder: the caller's, or 1000 when root calls. In no key."""
    return (os.getuid(), os.getgid()) if os.getuid() else (1000, 1000)


def failed_name(identifier: str, command: int) -> str:
    """The name of the kept room of a failed task: that it is one, and the number of the command that failed."""
    return f"{LABEL}-failed-{identifier}.{command}"


@dataclass
class DockerRooms:
    """The `Engine` port on containers. `reuse` keeps one container per target and image kind.

    Of the failed rooms of `project` the last ones are kept.
    """

    connection: Connection
    project: str
    reuse: bool = False
    _running: set[str] = field(default_factory=set)
    _kept: set[str] = field(default_factory=set)
    _plain: set[str] = field(default_factory=set)  # images that lack the programs for filling a room from inside
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: bool = False

    def __post_init__(self) -> None:
        """Prepare the keeper of reused rooms."""
        self._reused = ReusedRooms(connection=self.connection, builder=builder_id())
        self._networks = {on: SharedNetwork(self.connection, "bridge" if on else "none") for on in (False, True)}
        self._reaper = Reaper(connection=self.connection)

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
        return self._cancelled

    def cancel(self) -> None:
        """See `Engine.cancel`."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        for container in running:
            self._kill(container)

    def close(self) -> None:
        """Leave kept rooms, remove what rooms shared; no room may be made after."""
        self._reused.close()
        self._reaper.close()
        for network in self._networks.values():
            network.close()

    def clean_reused(self, prefix: str) -> None:
        """Remove the reused rooms whose name begins with `prefix` (`--container=clean`)."""
        self._reused.clean(prefix)

    def _run_kept(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """Run in a kept room. Killing a room cuts its shells off: that is no fault, and the next task gets new ones."""
        late = threading.Event()
        try:
            with self._reused.room(spec) as room:
                with self._watched(room.container, spec, late):
                    outcome = room.run(spec, output)
                self._refuse_killed(late)
        except InfrastructureError:
            if late.is_set():
                return _timed_out(spec)
            self._checked(_KILLED)
            raise
        return outcome

    def _refuse_killed(self, late: threading.Event) -> None:
        """Raise when the room was killed, even if its commands were done before."""
        if late.is_set() or self._cancelled:
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
        with self._container(
            spec,
            _with_agent(options, agent),
            network=any(command.network for command in commands),
            capabilities=ENTERING_CAPABILITIES if entering else (),
            archive=None if entering else archive,
            agent=agent,
        ) as container:
            outcome = self._follow(container, spec, receiver)
            if outcome.status == 0:
                self.connection.fetch(container, receiver.archive(), results)
            elif entering and outcome.status == NOT_ENTERED and receiver.status is None:
                return None
            else:
                self._keep_failed(container, receiver.command)
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
        with self._container(spec, options, network=network, archive=archive, volume=True) as container:
            outcome = self._follow(container, spec, receiver)
            if outcome.status:
                listener.refuse_fault(outcome.status)
            else:
                self._await_end(container)
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

    @contextlib.contextmanager
    def _container(  # noqa: PLR0913 - all by keyword: what a container has
        self,
        spec: RoomSpec,
        options: dict[str, Any],
        *,
        network: bool,
        capabilities: tuple[str, ...] | None = None,
        archive: bytes | None = None,
        volume: bool = False,
        agent: str = "",
    ) -> Iterator[str]:
        """A container with `archive` in place, not started; removed at the end unless it was renamed to be kept.

        `capabilities` are all it has and can get; None leaves those that the engine gives to root.
        """
        api = self.connection.api
        binds = [f"{mount.source}:{mount.destination}:{'rw' if mount.writable else 'ro'}" for mount in spec.mounts]
        if agent:
            binds.append(f"{agent}:{_AGENT_SOCKET}")
        with self.connection.errors("making a room"):
            host = api.create_host_config(
                binds=binds or None,
                network_mode=self._network(spec, network=network),
                cpuset_cpus=spec.variation.processors or None,
                tmpfs=_work_in_memory(*_user(spec)) if spec.variation.reversed_order else None,
                cap_drop=None if capabilities is None else ["ALL"],
                cap_add=list(capabilities or ()) or None,
                security_opt=None if capabilities is None else ["no-new-privileges"],
                init=False,
                mounts=[{"Type": "volume", "Target": BUILD_ROOT}] if volume else None,
            )
            labels = {f"{LABEL}.{name}": value for name, value in spec.labels.items()}
            # A joined namespace brings its own name.
            name = {"hostname": spec.variation.host_name} if spec.variation.host_name else {}
            created = api.create_container(spec.image, host_config=host, labels=labels, **name, **options)
        container: str = created["Id"]
        try:
            if archive is not None:
                with self.connection.errors("filling a room"):
                    api.put_archive(container, "/", archive)
            yield container
        except BaseException:
            if container not in self._kept:
                with contextlib.suppress(InfrastructureError):  # what went wrong first is what to tell
                    self.connection.remove(container)
            raise
        if container not in self._kept:
            self._reaper.remove(container)

    def _network(self, spec: RoomSpec, *, network: bool) -> str:
        """The engine's network mode; a room with a host name of its own has a namespace of its own, too."""
        if spec.variation.host_name:
            return "bridge" if network else "none"
        return self._networks[network].mode(spec.image, spec.labels)

    def _follow(self, container: str, spec: RoomSpec, receiver: Receiver) -> RoomOutcome:
        """Start the container, take what it prints, wait until its script has told its end or could not."""
        api = self.connection.api
        refused: list[str] = []

        def heard(line: str) -> None:
            refused.extend([line] if line.strip() == NO_HANDLER else [])
            receiver.line(line)

        lines = LineSplitter(heard)
        late = threading.Event()
        with self._watched(container, spec, late), self.connection.errors("running a room"):
            wanted = {"stdout": 1, "stderr": 1, "stream": 1}
            with contextlib.closing(Stream(api.attach_socket(container, wanted))) as stream:
                api.start(container)
                if late.is_set() or self._cancelled:
                    self._kill(container)  # what came before the start found nothing to kill
                for chunk in stream.chunks():
                    lines.feed(chunk)
                    if receiver.status is not None:
                        break  # the engine takes its time to see that the container has ended
            status = receiver.status
            if status is None:
                status = int(api.wait(container)["StatusCode"])
        lines.close()
        receiver.flush()
        if late.is_set():
            return _timed_out(spec)
        if status and refused:
            raise no_handler(refused[0])
        return self._checked(RoomOutcome(status=status, message=f"exit status {status}" if status else ""))

    def _checked(self, outcome: RoomOutcome) -> RoomOutcome:
        if self._cancelled:
            raise Interrupted("stopped")
        return outcome

    @contextlib.contextmanager
    def _watched(self, container: str, spec: RoomSpec, late: threading.Event) -> Iterator[None]:
        """Let `cancel` and the time limit of `spec`, which sets `late`, kill the container while it runs."""

        def expire() -> None:
            late.set()
            self._kill(container)

        with self._lock:
            if self._cancelled:
                raise Interrupted("stopped")
            self._running.add(container)
        timer = threading.Timer(spec.limit.seconds, expire) if spec.limit else None
        if timer:
            timer.daemon = True
            timer.start()
        try:
            yield
        finally:
            if timer:
                timer.cancel()
            with self._lock:
                self._running.discard(container)

    def _kill(self, container: str) -> None:
        with contextlib.suppress(Exception):  # it may have ended by itself, or the engine may be gone
            self.connection.api.kill(container)

    def _await_end(self, container: str) -> None:
        """Wait until the engine, too, has seen that the container has ended."""
        with self.connection.errors("waiting for the end of a room"):
            self.connection.api.wait(container)

    def _keep_failed(self, container: str, command: int) -> None:
        """Keep the stopped room of a failed task for a look inside; only the last three of a project."""
        if self._cancelled:
            return
        name = failed_name(container[:12], command)
        with self.connection.errors("keeping a failed room"):
            self.connection.api.rename(container, name)
        self._kept.add(container)
        self._await_end(container)
        found = self.connection.containers(project=self.project, role="room")
        failed = [item for item in found if any("-failed-" in name for name in item["Names"])]
        for old in sorted(failed, key=lambda item: item["Created"], reverse=True)[_KEPT_FAILURES:]:
            self.connection.remove(old["Id"])


def _work_in_memory(owner: int, group: int) -> dict[str, str]:
    """A file system of its own for the work: one in memory lists files by age, most others by name or by hash."""
    return {f"{BUILD_ROOT}/work": f"exec,mode=0755,uid={owner},gid={group}"}


def _with_agent(options: dict[str, Any], agent: str) -> dict[str, Any]:
    """The options with the variable by which programs find the SSH agent."""
    if not agent:
        return options
    return {**options, "environment": {**options["environment"], "SSH_AUTH_SOCK": _AGENT_SOCKET}}


def _timed_out(spec: RoomSpec) -> RoomOutcome:
    return RoomOutcome(status=_TIMED_OUT, message=spec.limit.exceeded if spec.limit else "")


def _user(spec: RoomSpec) -> tuple[int, int]:
    """The uid and gid of the room's commands."""
    return spec.variation.user or builder_id()
