"""Owns what a hook records: commands, mounts, Dockerfile builds, deployments, and the sum of one hook call."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Command", "Deployment", "ImageBuild", "ImageKind", "Mount", "Record", "Role"]


class ImageKind(StrEnum):
    """The two images a target may have."""

    SOURCE = "source"
    BUILD = "build"


class Role(StrEnum):
    """`RUN`: as the builder, in the task's room. `INSTALL`: as root with network, into the layer below the room.

    `ASK`: as the builder, in rooms of their own before the task, each on the layer so far: leaves the set of build
    dependencies as it turns out there, from which the next layer is made.
    """

    RUN = "run"
    INSTALL = "install"
    ASK = "ask"


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command a room runs. A relative `argv[0]` and `cwd` start at the build root of the room.

    `temporary` asks for a fresh room for its whole task even where rooms are reused (the seed's `docker_image_run`).
    """

    kind: ImageKind
    argv: tuple[str, ...]
    cwd: str = "."
    environment: Mapping[str, str] = field(default_factory=dict)
    network: bool = False
    role: Role = Role.RUN
    temporary: bool = False


@dataclass(frozen=True, kw_only=True)
class Mount:
    """An extra directory of the host that a target's `env_load_docker` puts into its rooms, read-only by default."""

    source: str
    destination: str
    writable: bool = False


@dataclass(frozen=True, kw_only=True)
class ImageBuild:
    """A Dockerfile build as recorded by `docker_build_image`; paths are relative to the project root.

    `bootstrap` is the suite that the base can be bootstrapped from where no registry has it. `places` tell where each
    further repository that it reads was written, for errors only.
    """

    name: str
    kind: ImageKind
    dockerfile: str
    base_image: str
    context: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, object] = field(default_factory=dict)
    platform: str = ""
    prefix: str = ""
    bootstrap: str = ""
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Where `run_deploy` puts a package: `format` is `deb` or `rpm`, `suite` the codename or tree name.

    `architectures` are all that the target builds for: clients of each find packages of every architecture.
    """

    format: str
    suite: str
    architectures: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Record:
    """All that one hook call recorded, plus the lines it printed (they go to the task's log)."""

    commands: tuple[Command, ...] = ()
    folders: tuple[str, ...] = ()
    images: tuple[ImageBuild, ...] = ()
    deployments: tuple[Deployment, ...] = ()
    provides: bool = False
    tar: bool = False
    printed: tuple[str, ...] = ()
