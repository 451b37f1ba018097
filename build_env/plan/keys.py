"""Owns the keys: what can change a task's result, and nothing else (DESIGN section 6, "Keys").

The static key covers what is known while planning. The final key adds the digests of input artifacts, packages and
sources only, so that a dependency that comes out bit-identical stops the rebuild.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_data
from build_env.model.artifact import is_package_content
from build_env.model.task import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.model.command import Deployment, ImageBuild
    from build_env.model.task import Room
    from build_env.ports import ResolvedInput

__all__ = ["IMAGE_FACTS", "ImageRecipe", "deploy_key", "final_key", "image_key", "layer_key", "room_key"]

_VERSION = 1
IMAGE_FACTS = "image.json"


@dataclass(frozen=True, kw_only=True)
class ImageRecipe:
    """An image as planned: the rendered Dockerfile, its context's digest, the identity of its base (or empty)."""

    build: ImageBuild
    architecture: str
    dockerfile: str
    context_digest: str = ""
    base_identity: str = ""


def image_key(recipe: ImageRecipe) -> str:
    """The key of a target image. User and group ids are arguments of every build and in no key."""
    return digest_data(
        {
            "version": _VERSION,
            "stage": Stage.IMAGE,
            "name": recipe.build.name,  # two images with one recipe are two results: their tags differ
            "dockerfile": recipe.dockerfile,
            "arguments": recipe.build.arguments,
            "prefix": recipe.build.prefix,
            "base": [recipe.build.base_image, recipe.base_identity],
            "architecture": recipe.architecture,
            "context": recipe.context_digest,
        }
    )


def room_key(stage: Stage, room: Room) -> str:
    """The static key of a task that runs commands."""
    return digest_data(
        {
            "version": _VERSION,
            "stage": stage,
            "commands": room.commands,
            "environment": room.environment,
            "trees": [[tree.destination, tree.digest] for tree in room.trees],
            "mounts": room.mounts,
            "epoch": room.epoch,
        }
    )


def deploy_key(target: str, deployment: Deployment | None) -> str:
    """The static key of an effect on the repository of `target`."""
    return digest_data({"version": _VERSION, "stage": Stage.DEPLOY, "target": target, "deployment": deployment})


def final_key(static_key: str, inputs: Iterable[ResolvedInput]) -> str:
    """The key that a result is stored under."""
    content = sorted(
        (entry.place.value, artifact.name, artifact.digest)
        for entry in inputs
        for artifact in entry.artifacts
        if is_package_content(artifact.name) or artifact.name == IMAGE_FACTS
    )
    return digest_data([static_key, content])


def layer_key(image_identity: str, room: Room, inputs: Iterable[tuple[str, str]]) -> str:
    """The key of a build-dependency layer: the image, the install commands, what they see (name, digest)."""
    installs = [command for command in room.commands if command.role.value == "install"]
    folders = [[tree.destination, tree.digest] for tree in room.trees if tree.destination.startswith("common/")]
    return digest_data(
        {
            "version": _VERSION,
            "image": image_identity,
            "commands": installs,
            "environment": {name: room.environment[name] for name in ("ARCH", "BUILD_HOST_ARCH", "BUILD_TARGET")},
            "folders": folders,
            "inputs": sorted(inputs),
        }
    )
