"""Owns the connection to a Docker engine (or a Podman socket): the client, its errors in our words, our labels.

The only module that imports the docker SDK. Rooms and images are made by `docker_rooms` and `docker_images`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build_env.core.errors import EnvironmentNotReady, InfrastructureError
from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.engines.layout import BUILD_ROOT
from build_env.engines.staging import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["LABEL", "NO_HANDLER", "Connection", "connect", "no_handler"]

LABEL = "build-env"
NO_HANDLER = "exec /bin/sh: exec format error"
_PATIENCE = 60
_OWN_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass(frozen=True, kw_only=True)
class Connection:
    """An engine that answered. `api` is the SDK's low-level client; `architecture` the engine's, a Debian name.

    `memory` are the bytes that the engine's machine has, 0 where it does not say.
    """

    api: Any
    architecture: str
    address: str
    memory: int = 0

    @property
    def remote(self) -> bool:
        """Whether the engine is reached over the network: sockets of this machine mean nothing to it."""
        return not self.address.startswith(("unix:", "npipe:", "/"))

    @contextlib.contextmanager
    def errors(self, doing: str) -> Iterator[None]:
        """Turn what the SDK raises while `doing` something into InfrastructureError."""
        import docker.errors  # noqa: PLC0415 - costs 100 ms
        import requests.exceptions  # noqa: PLC0415

        try:
            yield
        except docker.errors.APIError as error:
            text = str(error.explanation or error).strip()
            if "exec format error" in text:
                raise no_handler(text) from error
            if "no space left on device" in text.lower():
                raise EnvironmentNotReady(f"the engine's disk is full ({doing})", hint="docker system df") from error
            raise InfrastructureError(f"the engine refused {doing}: {text}") from error
        except (docker.errors.DockerException, requests.exceptions.RequestException, OSError) as error:
            if getattr(error, "errno", None) in _OWN_DISK:
                raise  # this machine's disk, not the engine's connection
            raise InfrastructureError(
                f"the engine at {self.address} was lost while {doing}: {error}",
                hint="start the engine again and repeat the command; finished tasks are kept",
            ) from error

    def missing(self, error: BaseException) -> bool:
        """Whether the SDK says that a container or image is not there."""
        import docker.errors  # noqa: PLC0415

        return isinstance(error, docker.errors.NotFound)

    def image(self, reference: str) -> Mapping[str, Any] | None:
        """The engine's description of an image, None when it has none."""
        import docker.errors  # noqa: PLC0415

        with self.errors(f"looking up the image {reference}"):
            try:
                description: Mapping[str, Any] = self.api.inspect_image(reference)
            except docker.errors.ImageNotFound:
                return None
        return description

    def containers(self, **labels: str) -> list[Mapping[str, Any]]:
        """Our containers that carry these labels, running or not."""
        wanted = [f"{LABEL}.{name}={value}" for name, value in labels.items()]
        with self.errors("listing containers"):
            found: list[Mapping[str, Any]] = self.api.containers(all=True, filters={"label": wanted})
        return found

    def fetch(self, container: str, printed: bytes | None, destinations: Mapping[str, Path]) -> None:
        """Bring results to the host: `printed` is the tar that the room printed, without it the engine is asked."""
        if printed is not None:
            unpack([printed], destinations)
            return
        with self.errors("fetching results"):
            for name, path in destinations.items():
                chunks, _ = self.api.get_archive(container, f"{BUILD_ROOT}/{name}")
                # Closed also on an error: the engine does not remove a container that it still reads from.
                with contextlib.closing(chunks):
                    unpack(chunks, {name: path})

    def remove(self, container: str) -> None:
        """Kill and remove a container; one that is gone already is fine."""
        import docker.errors  # noqa: PLC0415

        with self.errors("removing a container"), contextlib.suppress(docker.errors.NotFound):
            try:
                self.api.remove_container(container, force=True, v=True)
            except docker.errors.APIError as error:
                if "already in progress" not in str(error):
                    raise


def no_handler(text: str) -> EnvironmentNotReady:
    """The error of a machine that cannot run the programs of an image."""
    return EnvironmentNotReady(
        f"this machine cannot run programs of the image's architecture ({text})",
        hint="register qemu's binfmt handlers: build-env doctor names the command, build-all --setup does it",
    )


def connect(*, slots: int = 4) -> Connection:
    """Connect to the engine of DOCKER_HOST or of the usual socket.

    Raises EnvironmentNotReady when none answers.
    """
    import docker  # noqa: PLC0415 - costs 100 ms; only commands that need an engine pay it
    import docker.errors  # noqa: PLC0415
    from docker.utils import kwargs_from_env  # noqa: PLC0415

    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    try:
        _knock(address)
        api = docker.APIClient(version="auto", timeout=_PATIENCE, num_pools=slots + 2, **kwargs_from_env())
        info = api.info()
        api.timeout = None  # type: ignore[assignment]  # a silent compiler is no fault; a worker is unblocked by killing its room
    except (docker.errors.DockerException, OSError) as error:
        if "timed out" in str(error):
            raise EnvironmentNotReady(
                f"the Docker engine at {address} has said nothing for {_PATIENCE:g} s",
                hint="it hangs, or the machine is too busy: if `docker version` hangs too, restart the engine",
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
        memory=int(info.get("MemTotal") or 0),
    )


def _knock(address: str) -> None:
    """Raise OSError when nobody listens at a local socket: the SDK would leave a socket of its own open then."""
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_PATIENCE)
            probe.connect(address.removeprefix("unix://"))
