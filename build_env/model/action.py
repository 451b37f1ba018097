"""Owns what a task does, as data: one kind of action for each kind of task. Does nothing itself.

A kind from outside brings an action of its own: a frozen dataclass that derives from `Action`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.command import Command, Deployment, ImageBuild, Mount

__all__ = [
    "Action",
    "DeployAction",
    "File",
    "ImageAction",
    "ImageRecipe",
    "LayerAction",
    "Room",
    "RoomAction",
    "TarAction",
    "Tree",
]


@dataclass(frozen=True, kw_only=True)
class ImageRecipe:
    """An image as planned: the rendered Dockerfile, its context's digest, the identity of its base (or empty)."""

    build: ImageBuild
    architecture: str
    dockerfile: str
    context_digest: str = ""
    base_identity: str = ""


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
class File:
    """One file of the project (`path`, relative to the root) that a room sees at `destination`."""

    path: str
    destination: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Room:
    """Everything a room is made of, except the engine: commands, environment, trees, single files, mounts.

    `limits` are those of `RoomLimits` that the package says itself, `caches` the names of those that it asks for; they
    are in no key.
    """

    commands: tuple[Command, ...]
    environment: Mapping[str, str]
    trees: tuple[Tree, ...]
    files: tuple[File, ...] = ()
    mounts: tuple[Mount, ...] = ()
    platform: str = ""
    downloads: bool = False
    epoch: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)
    caches: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Action:
    """What a task does. This one does nothing, and is that of tasks in tests."""

    @property
    def words(self) -> tuple[str, ...]:
        """Lines for a person who asks what the task does, where it is no command."""
        return ()


@dataclass(frozen=True, kw_only=True)
class ImageAction(Action):
    """Make an image."""

    recipe: ImageRecipe

    @property
    def words(self) -> tuple[str, ...]:
        """`build Dockerfiles/x from debian:12`."""
        return (f"build {self.recipe.build.dockerfile} from {self.recipe.build.base_image}",)


@dataclass(frozen=True, kw_only=True)
class RoomAction(Action):
    """Run commands in a room.

    `provided` maps all names that packages of ours provide to those packages (one map for all tasks), `declared` are
    the packages that the task has edges to: a fetched source may turn out to need another one.
    """

    room: Room
    provided: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: tuple[str, ...] = ()

    @property
    def installs_own(self) -> bool:
        """Whether it installs what its source names; everything else that is installed is the same for all."""
        return bool(self.declared)


@dataclass(frozen=True, kw_only=True)
class LayerAction(RoomAction):
    """Run install commands on an image, and keep what they leave as another image."""

    @property
    def installs_own(self) -> bool:
        """See `RoomAction.installs_own`: what a layer may see is chosen by its inputs."""
        return True


@dataclass(frozen=True, kw_only=True)
class DeployAction(Action):
    """Hand the packages to the publisher."""

    deployment: Deployment

    @property
    def words(self) -> tuple[str, ...]:
        """`deploy to the deb repository, suite bookworm`."""
        return (f"deploy to the {self.deployment.format} repository, suite {self.deployment.suite}",)


@dataclass(frozen=True, kw_only=True)
class TarAction(Action):
    """Write one archive of everything that was built for an architecture."""
