"""Owns the task: one node of the plan, with everything that says what it does, and the plan itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from build_env.model.command import Command, Deployment, ImageBuild, Mount

__all__ = ["Input", "Place", "Plan", "Room", "Stage", "Task", "Tree"]


class Stage(StrEnum):
    """What a task does. `IMAGE`, `SCAN` and `LAYER` prepare, the others are the seed's stages."""

    IMAGE = "image"
    SCAN = "scan"
    SOURCE = "source"
    LAYER = "layer"
    BUILD = "build"
    VERIFY = "verify"
    DEPLOY = "deploy"
    TAR = "tar"


class Place(StrEnum):
    """Where the artifacts of an input appear below `in/`; the room is made from `IMAGE`, or from a `LAYER` on it."""

    IMAGE = "image"
    LAYER = "layer"
    SOURCE = "source"
    BUILD = "build"
    PACKAGES = "packages"
    DEPLOY = "deploy"


@dataclass(frozen=True, kw_only=True)
class Input:
    """An edge: the artifacts of task `task` appear at `place`."""

    task: str
    place: Place


@dataclass(frozen=True, kw_only=True)
class Tree:
    """A directory of the project (`path`, relative to the root) that a room sees at `destination`.

    `leave_out` are names at its top that the room must not see; `digest` covers names, modes, links, contents.
    """

    path: str
    destination: str
    digest: str
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Room:
    """Everything a room is made of, except the engine: commands, environment, trees, mounts."""

    commands: tuple[Command, ...]
    environment: Mapping[str, str]
    trees: tuple[Tree, ...]
    mounts: tuple[Mount, ...] = ()
    platform: str = ""
    downloads: bool = False
    epoch: int = 0


@dataclass(frozen=True, kw_only=True)
class Task:
    """One node of the plan. `subject` is the package, or the image kind for images.

    `inputs` are needed and must have succeeded; `after` only have to have ended. `static_inputs` is all
    that its key covers and that is known before anything runs, by name. `arch` is `all` for packages of every
    architecture and `source` for source stages that serve all architectures. `provided` maps all names that packages
    of ours provide to those packages (one map for all tasks), `declared` are the packages it has edges to.
    """

    id: str
    stage: Stage
    target: str
    subject: str
    arch: str = ""
    static_inputs: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Input, ...] = ()
    after: tuple[str, ...] = ()
    image_build: ImageBuild | None = None
    room: Room | None = None
    deployment: Deployment | None = None
    provided: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: tuple[str, ...] = ()
    printed: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What a person reads behind the stage: `greet amd64`."""
        return " ".join(part for part in (self.subject, self.arch) if part)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The tasks of one command in an order in which every task follows its inputs."""

    target: str
    architectures: tuple[str, ...]
    tasks: tuple[Task, ...] = field(default_factory=tuple)

    def __iter__(self) -> Iterator[Task]:
        """Walk the tasks in order."""
        return iter(self.tasks)

    def __len__(self) -> int:
        """The number of tasks."""
        return len(self.tasks)
