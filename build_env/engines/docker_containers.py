"""Owns the containers of rooms: each made, filled, started, followed, killed in time, and removed or kept.

What runs in them, and as whom, is decided in `docker_rooms`.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from build_env.core.errors import EnvironmentNotReady, InfrastructureError, Interrupted
from build_env.engines.docker import LABEL, NO_HANDLER, Connection, no_handler
from build_env.engines.docker_network import SharedNetwork
from build_env.engines.docker_reaper import Reaper
from build_env.engines.docker_stream import Stream
from build_env.engines.layout import BUILD_ROOT
from build_env.engines.output import LineSplitter
from build_env.model.room import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from build_env.engines.inline import Receiver
    from build_env.model.room import RoomSpec

__all__ = ["AGENT_SOCKET", "Frame", "RoomContainers", "failed_name", "timed_out"]

AGENT_SOCKET = f"{BUILD_ROOT}/ssh-agent"
_KEPT_FAILURES = 3
_TIMED_OUT = 124
_KILLED = 137


def failed_name(identifier: str, command: int) -> str:
    """The name of the kept room of a failed task: that it is one, and the number of the command that failed."""
    return f"{LABEL}-failed-{identifier}.{command}"


def timed_out(spec: RoomSpec) -> RoomOutcome:
    """The outcome of a room that took longer than it may."""
    return RoomOutcome(status=_TIMED_OUT, message=spec.limit.exceeded if spec.limit else "")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """What a container has besides what the specification of its room says.

    `options` are its command, its user and their like. `capabilities` are all it has and can get; None leaves those
    that the engine gives to root. `archive` is unpacked in it before it starts, a `volume` keeps the build root out of
    its file system, `agent` is the socket that it may ask, `memory` has file systems in memory with their options.
    """

    options: Mapping[str, Any]
    network: bool
    capabilities: tuple[str, ...] | None = None
    archive: bytes | None = None
    volume: bool = False
    agent: str = ""
    memory: Mapping[str, str] = field(default_factory=dict)


@dataclass
class RoomContainers:
    """The containers of one run's rooms; of the failed ones of `project` the last are kept."""

    connection: Connection
    project: str
    _running: set[str] = field(default_factory=set)
    _kept: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _cancelled: bool = False

    def __post_init__(self) -> None:
        """Prepare what rooms share."""
        self._networks = {on: SharedNetwork(self.connection, "bridge" if on else "none") for on in (False, True)}
        self._reaper = Reaper(connection=self.connection)

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called: nothing new is begun then."""
        return self._cancelled

    def cancel(self) -> None:
        """Kill all that are running; callable from any thread."""
        with self._lock:
            self._cancelled = True
            running = list(self._running)
        for container in running:
            self._kill(container)

    def close(self) -> None:
        """Wait until all are gone, remove what they shared; none may be made after."""
        self._reaper.close()
        for network in self._networks.values():
            network.close()

    @contextlib.contextmanager
    def made(self, spec: RoomSpec, frame: Frame) -> Iterator[str]:
        """A container that is not started yet; removed at the end unless it was renamed to be kept."""
        try:
            container = self._create(spec, frame)
        except InfrastructureError:
            self._forget_ended_networks()
            raise
        try:
            if frame.archive is not None:
                with self.connection.errors("filling a room"):
                    self.connection.api.put_archive(container, "/", frame.archive)
            yield container
        except BaseException:
            if container not in self._kept:
                with contextlib.suppress(InfrastructureError):  # what went wrong first is what to tell
                    self.connection.remove(container)
            raise
        if container not in self._kept:
            self._reaper.remove(container)

    def _create(self, spec: RoomSpec, frame: Frame) -> str:
        api = self.connection.api
        binds = [f"{mount.source}:{mount.destination}:{'rw' if mount.writable else 'ro'}" for mount in spec.mounts]
        if frame.agent:
            binds.append(f"{frame.agent}:{AGENT_SOCKET}")
        capabilities = frame.capabilities
        with self.connection.errors("making a room"):
            host = api.create_host_config(
                binds=binds or None,
                network_mode=self._network(spec, network=frame.network),
                cpuset_cpus=spec.variation.processors or None,
                tmpfs=frame.memory or None,
                cap_drop=None if capabilities is None else ["ALL"],
                cap_add=list(capabilities or ()) or None,
                security_opt=None if capabilities is None else ["no-new-privileges"],
                init=False,
                mounts=[{"Type": "volume", "Target": BUILD_ROOT}] if frame.volume else None,
            )
            labels = {f"{LABEL}.{name}": value for name, value in spec.labels.items()}
            # A joined namespace brings its own name.
            name = {"hostname": spec.variation.host_name} if spec.variation.host_name else {}
            created = api.create_container(spec.image, host_config=host, labels=labels, **name, **frame.options)
        identifier: str = created["Id"]
        return identifier

    def _network(self, spec: RoomSpec, *, network: bool) -> str:
        """The engine's network mode; a room with a host name of its own has a namespace of its own, too."""
        if spec.variation.host_name:
            return "bridge" if network else "none"
        return self._networks[network].mode(spec.image, spec.labels)

    def _forget_ended_networks(self) -> None:
        for network in self._networks.values():
            network.forget_ended()

    def follow(self, container: str, spec: RoomSpec, receiver: Receiver) -> RoomOutcome:
        """Start the container, take what it prints, wait until its script has told its end or could not."""
        api = self.connection.api
        refused: list[str] = []

        def heard(line: str) -> None:
            refused.extend([line] if line.strip() == NO_HANDLER else [])
            receiver.line(line)

        lines = LineSplitter(heard)
        late = threading.Event()
        with self.watched(container, spec, late), self.connection.errors("running a room"):
            wanted = {"stdout": 1, "stderr": 1, "stream": 1}
            with contextlib.closing(Stream(api.attach_socket(container, wanted))) as stream:
                self._start(container)
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
            return timed_out(spec)
        if status and refused:
            raise no_handler(refused[0])
        outcome = self.checked(RoomOutcome(status=status, message=f"exit status {status}" if status else ""))
        return self._judged(container, outcome, told=receiver.status is not None) if status == _KILLED else outcome

    def _judged(self, container: str, outcome: RoomOutcome, *, told: bool) -> RoomOutcome:
        """Tell who killed a command: the kernel for want of memory, something in the room, or somebody outside.

        Nothing in a room can kill its first process, which tells how the commands ended.
        """
        self.await_end(container)  # only then the engine tells
        with self.connection.errors("looking at a room"):
            state = self.connection.api.inspect_container(container)["State"]
        if state["OOMKilled"]:
            return replace(outcome, message=f"{outcome.message}: killed, because the room ran out of memory")
        if not told:
            raise InfrastructureError("the room was killed from outside", hint="run the same command again")
        return outcome

    def _start(self, container: str) -> None:
        try:
            self.connection.api.start(container)
        except Exception:
            self._forget_ended_networks()
            raise

    def checked(self, outcome: RoomOutcome) -> RoomOutcome:
        """The outcome, unless the room ended because all were killed. Raises Interrupted then."""
        if self._cancelled:
            raise Interrupted("stopped")
        return outcome

    @contextlib.contextmanager
    def watched(self, container: str, spec: RoomSpec, late: threading.Event) -> Iterator[None]:
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

    def await_end(self, container: str) -> None:
        """Wait until the engine, too, has seen that the container has ended."""
        with self.connection.errors("waiting for the end of a room"):
            self.connection.api.wait(container)

    def keep_failed(self, container: str, command: int) -> None:
        """Keep the stopped room of a failed task for a look inside; only the last three of a project.

        An engine that fails at it does not make the failure of the task any other: then the room is not kept.
        """
        if self._cancelled:
            return
        with contextlib.suppress(EnvironmentNotReady):
            with self.connection.errors("keeping a failed room"):
                self.connection.api.rename(container, failed_name(container[:12], command))
            self._kept.add(container)
            self.await_end(container)
            self._remove_oldest()

    def _remove_oldest(self) -> None:
        found = self.connection.containers(project=self.project, role="room")
        failed = [item for item in found if any("-failed-" in name for name in item["Names"])]
        for old in sorted(failed, key=lambda item: item["Created"], reverse=True)[_KEPT_FAILURES:]:
            self.connection.remove(old["Id"])
