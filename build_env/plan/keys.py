"""Owns the keys: what can change a task's result, and nothing else.

A key is the digest of named inputs; the names and values are recorded with the result, so that `why` can compare.
Static inputs are known while planning. The digests of input artifacts come last, packages and sources only, so that a
dependency that comes out bit-identical stops the rebuild.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.canonical import canonical_json, digest_data
from build_env.model.task import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from build_env.model.action import ImageRecipe, Room
    from build_env.model.command import Deployment, ImageKind
    from build_env.model.task import Place
    from build_env.model.work import ResolvedInput

__all__ = [
    "FILE",
    "IMAGE_FACTS",
    "INDEX_FACTS",
    "INSTALLED",
    "TREE",
    "deploy_inputs",
    "image_inputs",
    "image_key",
    "kept_room_name",
    "key_inputs",
    "key_of",
    "room_inputs",
]

_VERSION = "3"
TREE = "tree "
FILE = "file "
IMAGE_FACTS = "image.json"
INDEX_FACTS = "index.json"
INSTALLED = "packages.txt"


def image_inputs(recipe: ImageRecipe) -> dict[str, str]:
    """What the key of a target image covers. User and group ids are arguments of every build and in no key."""
    build = recipe.build
    return {
        "version": _VERSION,
        "stage": Stage.IMAGE.value,
        "name": build.name,  # two images with one recipe are two results: their tags differ
        "dockerfile": recipe.dockerfile,
        "prefix": build.prefix,
        "base": build.base_image,
        "base identity": recipe.base_identity,
        "architecture": recipe.architecture,
        "context": recipe.context_digest,
        **{f"argument {name}": value for name, value in build.arguments.items()},
    }


def image_key(recipe: ImageRecipe) -> str:
    """The key of a target image."""
    return key_of(image_inputs(recipe))


def room_inputs(stage: str, room: Room) -> dict[str, str]:
    """What the key of a task that runs commands covers before its input artifacts are known."""
    return {
        "version": _VERSION,
        "stage": stage,
        "epoch": str(room.epoch),
        **{f"command {number}": canonical_json(command) for number, command in enumerate(room.commands, 1)},
        **{f"environment {name}": value for name, value in room.environment.items()},
        **{f"{TREE}{tree.destination}": tree.digest for tree in room.trees},
        **{f"{FILE}{file.destination}": file.digest for file in room.files},
        **{f"mount {mount.destination}": canonical_json(mount) for mount in room.mounts},
    }


def deploy_inputs(target: str, deployment: Deployment | None) -> dict[str, str]:
    """What the key of an effect on the repository of `target` covers."""
    return {
        "version": _VERSION,
        "stage": Stage.DEPLOY.value,
        "target": target,
        "deployment": canonical_json(deployment),
    }


def key_inputs(
    static: Mapping[str, str], inputs: Iterable[ResolvedInput], counts: Callable[[Place, str], bool]
) -> dict[str, str]:
    """All that a task's key covers, by name: what the plan knows and the digests of input artifacts.

    `counts` tells by place and name whether an artifact can change the result.
    """
    covered = dict(static)
    for entry in inputs:
        for item in entry.artifacts:
            if counts(entry.place, item.name):
                covered[f"{entry.place} {item.name}"] = item.digest
    return covered


def key_of(inputs: Mapping[str, str]) -> str:
    """The key: the digest of the named inputs."""
    return digest_data(inputs)


def kept_room_name(prefix: str, target: str, kind: ImageKind, image_identity: str) -> str:
    """The name of the room that is kept for a target, an image kind and exactly that image."""
    return f"{prefix}{target.replace('/', '-')}-{kind.value}-{digest_data(image_identity)[:8]}"
