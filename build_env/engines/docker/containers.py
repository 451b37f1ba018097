"""Owns the creation of containers: the only call of the engine that makes one, and the guards that each gets.

Who makes one says what it needs; what it does not ask for it does not get.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from build_env.engines.docker.connection import INVENTORY, labelled
from build_env.engines.layout import BUILD_ROOT
from build_env.model.room import RoomLimits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.engines.docker.connection import Connection
    from build_env.model.command import Mount

__all__ = ["BRIDGE", "IDLE", "NO_NETWORK", "Container", "binds_of", "create"]

IDLE = ("sleep", "infinity")
BRIDGE, NO_NETWORK = "bridge", "none"


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a container is made from; without more it has no capabilities and no network. None can gain anything.

    `labels` are ours, without their prefix. `capabilities` are all that root has in it. `network` is the engine's
    word for a mode; each has a namespace of its own, with its own loopback. `user` is empty for the image's. `volume`
    keeps the build root out of its file system, `volumes_of` names a container whose volumes it has, too, `memory`
    has file systems in memory with their options, `init` a first process that reaps.
    """

    image: str
    command: Sequence[str]
    labels: Mapping[str, str]
    user: str = ""
    capabilities: tuple[str, ...] = ()
    network: str = NO_NETWORK
    name: str = ""
    host_name: str = ""
    directory: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    binds: Sequence[str] = ()
    volume: bool = False
    volumes_of: str = ""
    memory: Mapping[str, str] = field(default_factory=dict)
    processors: str = ""
    init: bool = False
    limits: RoomLimits = field(default_factory=RoomLimits)


def binds_of(mounts: Sequence[Mount]) -> list[str]:
    """Mounts of the engine's machine, as the engine writes them."""
    return [f"{mount.source}:{mount.destination}:{'rw' if mount.writable else 'ro'}" for mount in mounts]


def create(connection: Connection, container: Container) -> str:
    """Make the container, which is not started yet; its identifier. Raises InfrastructureError."""
    api = connection.api
    with connection.errors("making a room"):
        host = api.create_host_config(
            binds=list(container.binds) or None,
            network_mode=container.network,
            volumes_from=[container.volumes_of] if container.volumes_of else None,
            cpuset_cpus=container.processors or None,
            tmpfs=dict(container.memory) or None,
            cap_drop=["ALL"],
            cap_add=list(container.capabilities) or None,
            security_opt=["no-new-privileges"],
            init=container.init,
            **_limited(container.limits),
            mounts=[{"Type": "volume", "Target": BUILD_ROOT}] if container.volume else None,
        )
        created = api.create_container(
            container.image,
            list(container.command),
            name=container.name or None,
            labels={
                INVENTORY: "",
                **labelled(container.labels),
            },  # that of the image is of use to nobody here, and long
            user=container.user or None,
            working_dir=container.directory or None,
            environment=dict(container.environment) or None,
            hostname=container.host_name or None,
            host_config=host,
        )
    identifier: str = created["Id"]
    return identifier


def _limited(limits: RoomLimits) -> dict[str, Any]:
    """The limits in the words of the SDK; what is 0 is left to the engine. There is no swap beside the memory.

    Open files are limited by the script of the room.
    """
    given: dict[str, Any] = {
        "pids_limit": limits.processes,
        "mem_limit": limits.memory,
        "memswap_limit": limits.memory,
        "shm_size": limits.shared_memory,
    }
    return {name: value for name, value in given.items() if value}
