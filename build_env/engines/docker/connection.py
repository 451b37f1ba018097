"""Owns the connection to a Docker engine (or a Podman socket): its errors in our words, our labels, its end.

Rooms and images are made by other modules of this package; nothing outside of it uses `Connection.api`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from build_env.core.errors import BuildEnvError, EnvironmentNotReady, InfrastructureError, Interrupted
from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.engines.docker.access import denied
from build_env.engines.docker.client import LOST, REFUSED, is_denial, is_missing, is_silence, new_client
from build_env.engines.docker.patience import FAREWELL, USUAL, Patience
from build_env.engines.docker.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "INVENTORY",
    "LABEL",
    "NO_HANDLER",
    "Connection",
    "EngineFacts",
    "OutOfTime",
    "connect",
    "labelled",
    "no_handler",
]

LABEL = "build-env"
INVENTORY = f"{LABEL}.inventory"  # of an image: what is installed in it
NO_HANDLER = "exec /bin/sh: exec format error"
_OWN_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_SOCKET = "unix:///var/run/docker.sock"
_REMOVALS = 3  # a busy engine may refuse one: it saw no end of what it killed, or files in use
_HANGS = "it hangs, or the machine is too busy: if `docker version` hangs too, restart the engine"


class OutOfTime(InfrastructureError):
    """The time that `Patience.limited` gave this thread was over before the engine had done what it should."""


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """What an engine says of itself; `memory` are the bytes that its machine has, 0 where it does not say."""

    version: str
    kernel: str
    directory: str
    memory: int


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An engine that answered. `api` is the SDK's low-level client; `architecture` the engine's, a Debian name."""

    api: Any
    architecture: str
    address: str
    facts: EngineFacts = field(default_factory=lambda: EngineFacts(version="", kernel="", directory="", memory=0))
    patience: Patience = field(default_factory=Patience)
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _streams: weakref.WeakSet[Stream] = field(default_factory=weakref.WeakSet)

    @property
    def remote(self) -> bool:
        """Whether the engine is reached over the network: sockets of this machine mean nothing to it."""
        return not self.address.startswith(("unix:", "npipe:", "/"))

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called: nothing new is begun then."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """End all that is at work, in every thread; callable from any thread, and waits for nothing.

        What waits for the words of a room wakes up at once. Short calls may come to their end, so that rooms are
        removed; after `FAREWELL` seconds what still waits is cut off, and nothing more is asked.
        """
        if self.cancelled:
            return
        self.patience.hurry()
        self._cancelled.set()  # ahead of the cuts: who wakes up asks why
        for stream in list(self._streams):
            stream.cut()
        # Not a limit of each call: one that sends a byte now and then would never reach it.
        timer = threading.Timer(FAREWELL, self.api.sockets.shut)
        timer.daemon = True
        timer.start()

    def close(self) -> None:
        """Give back the sockets."""
        self.api.close()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let an interrupt of the main thread hasten the clearing up around this context."""
        try:
            yield
        except KeyboardInterrupt:
            self.cancel()
            raise

    @contextlib.contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        """Turn what the SDK raises while `doing` something into our errors.

        Raises Interrupted after `cancel`, OutOfTime when this thread's time is up, EnvironmentNotReady when the
        machine lacks something, else InfrastructureError.
        """
        try:
            yield
        except REFUSED as error:
            raise _refusal(error, doing) from error
        except LOST as error:
            if getattr(error, "errno", None) in _OWN_DISK:
                raise  # this machine's disk, not the engine's connection
            raise self._loss(error, doing) from error

    def _loss(self, error: Exception, doing: str) -> BuildEnvError:
        if self.cancelled:  # a socket that `cancel` has shut looks like an engine that was killed
            return Interrupted("stopped")
        if not is_silence(error):
            return InfrastructureError(
                f"the engine at {self.address} was lost while {doing}: {error}",
                hint="start the engine again and repeat the command; finished tasks are kept",
            )
        if self.patience.is_up():
            return OutOfTime(f"the time was up while {doing}")
        return InfrastructureError(f"the engine at {self.address} did not answer in time while {doing}", hint=_HANGS)

    def image(self, reference: str) -> Mapping[str, Any] | None:
        """The engine's description of an image, None when it has none. Raises InfrastructureError."""
        with self.errors(f"looking up the image {reference}"):
            try:
                description: Mapping[str, Any] = self.api.inspect_image(reference)
            except REFUSED as error:
                if is_missing(error):
                    return None
                raise
        return description

    def containers(self, *, name: str = "", **labels: str) -> list[Mapping[str, Any]]:
        """Our containers that carry these labels and whose names fit the pattern `name`, running or not.

        Raises InfrastructureError.
        """
        own_labels = [f"{LABEL}.{label}={value}" for label, value in labels.items()]
        filters = {**({"label": own_labels} if own_labels else {}), **({"name": name} if name else {})}
        with self.errors("listing containers"):
            listed: list[Mapping[str, Any]] = self.api.containers(all=True, filters=filters)
        return listed

    def inspect(self, container: str) -> Mapping[str, Any]:
        """All that the engine knows of a container. Raises InfrastructureError."""
        with self.errors("looking at a room"):
            description: Mapping[str, Any] = self.api.inspect_container(container)
        return description

    def attached(self, container: str) -> Stream:
        """What a container prints, from its start. Raises InfrastructureError."""
        parts = {"stdout": 1, "stderr": 1, "stream": 1}
        return self._stream(self.api.attach_socket(container, parts))

    def executed(self, identifier: str) -> Stream:
        """Start an exec, with what it prints and a way to write to it."""
        return self._stream(self.api.exec_start(identifier, socket=True))

    def _stream(self, opened: Any) -> Stream:  # noqa: ANN401 - the SDK's socket has many classes
        stream = Stream(opened, self.patience, self.api.ping)
        self._streams.add(stream)
        if self.cancelled:  # the other order: `cancel` has cut the streams before it could know this one
            stream.cut()
        return stream

    def in_time(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """What passes between the engine and this host, as long as it may. Raises Interrupted, TimeoutError."""
        for chunk in chunks:
            if self.cancelled:
                raise Interrupted("stopped")
            self.patience.left()
            yield chunk

    def put(self, container: str, archive: Iterable[bytes]) -> None:
        """Unpack a tar at the root of a container. Raises InfrastructureError, Interrupted, OutOfTime."""
        with self.errors("filling a room"):
            self.api.put_archive(container, "/", self.in_time(archive))

    def start(self, container: str) -> None:
        """Start a container. Raises InfrastructureError, EnvironmentNotReady when the machine cannot run it."""
        with self.errors("starting a room"):
            self.api.start(container)

    def kill(self, container: str) -> None:
        """Kill what runs in a container; it may have ended by itself, or the engine may be gone."""
        with contextlib.suppress(BuildEnvError), self.errors("ending a room"):
            self.api.kill(container)

    def await_end(self, container: str) -> int:
        """The exit status of a container that is ending. Raises InfrastructureError."""
        with self.errors("running a room"):
            return int(self.api.wait(container)["StatusCode"])

    def remove(self, container: str) -> None:
        """Kill and remove a container; one that is gone already is fine. Raises InfrastructureError."""
        with self.errors("removing a container"):
            for left in reversed(range(_REMOVALS)):
                try:
                    self.api.remove_container(container, force=True, v=True)
                except REFUSED as error:
                    if is_missing(error) or "already in progress" in str(error):
                        return
                    if not left:
                        raise
                else:
                    return


def _refusal(error: Any, doing: str) -> EnvironmentNotReady:  # noqa: ANN401 - the SDK's
    text = str(error.explanation or error).strip()
    if "exec format error" in text:
        return no_handler(text)
    if "no space left on device" in text.lower():
        return EnvironmentNotReady(f"the engine's disk is full ({doing})", hint="docker system df")
    return InfrastructureError(f"the engine refused {doing}: {text}")


def labelled(labels: Mapping[str, str]) -> dict[str, str]:
    """These labels under the names they have in the engine."""
    return {f"{LABEL}.{name}": value for name, value in labels.items()}


def no_handler(text: str) -> EnvironmentNotReady:
    """The error of a machine that cannot run the programs of an image."""
    return EnvironmentNotReady(
        f"this machine cannot run programs of the image's architecture ({text})",
        hint="register qemu's binfmt handlers: build-env doctor names the command, build-all --setup does it",
    )


def connect(*, slots: int = 4, timeout: float = USUAL) -> Connection:
    """Connect to the engine of DOCKER_HOST or of the usual socket, which must answer each call in `timeout` seconds.

    Raises EnvironmentNotReady when none answers, EngineDenied when this user may not ask.
    """
    address, patience = os.environ.get("DOCKER_HOST", _SOCKET), Patience(usual=timeout)
    try:
        api = new_client(patience, slots)
        info = api.info()
    except LOST as error:
        if is_denial(error) and not address.startswith(("tcp:", "http", "ssh:")):
            raise denied(address) from error
        if is_silence(error):
            raise EnvironmentNotReady(
                f"the Docker engine at {address} has said nothing for {timeout:g} s", hint=_HANGS
            ) from error
        raise EnvironmentNotReady(
            f"no Docker engine answers at {address}",
            hint="start it, or run the same command with --setup; build-env doctor shows what is missing",
        ) from error
    machine = str(info.get("Architecture", ""))
    return Connection(
        api=api,
        architecture=MACHINE_TO_DEBIAN.get(machine, machine),
        address=address,
        facts=EngineFacts(
            version=str(info.get("ServerVersion", "")),
            kernel=str(info.get("KernelVersion", "")),
            directory=str(info.get("DockerRootDir") or ""),
            memory=int(info.get("MemTotal") or 0),
        ),
        patience=patience,
    )
