"""Owns which layers and target images nothing needs any more. Pure.

Only images that this checkout made are considered: checkouts with one prefix share images, and what another one made
may be in use there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.garbage import LAYER_IMAGE, TARGET_IMAGE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from build_env.model.garbage import EngineImage, LayerLimit

__all__ = ["last_use", "layer_tags", "unused_images", "unused_layers", "unused_untagged"]

_REPOSITORY = "/layer"  # behind the prefix
_SHORT = 16


def layer_tags(image: EngineImage) -> tuple[str, ...]:
    """Its names as a layer: `PREFIX/layer:KEY`."""
    return tuple(tag for tag in image.tags if tag.rpartition(":")[0].endswith(_REPOSITORY))


def last_use(image: EngineImage, uses: Mapping[str, float]) -> float:
    """When the layer was used last; `uses` maps keys of layers to when the last result made on one was finished."""
    times = {key[:_SHORT]: time for key, time in uses.items()}
    return max([image.created, *(times.get(tag.rpartition(":")[2], 0.0) for tag in layer_tags(image))])


def unused_layers(
    images: Sequence[EngineImage],
    uses: Mapping[str, float],
    needed: Collection[str],
    since: float,
    limit: LayerLimit,
) -> list[EngineImage]:
    """Layers whose key is not `needed` and that were not used since then; of the rest those beyond `limit`.

    `limit` counts the most recently used first and asks for no age: a layer is made again from what was fetched.
    """
    short = {key[:_SHORT] for key in needed}
    layers = [image for image in images if image.role == LAYER_IMAGE and layer_tags(image)]
    layers.sort(key=lambda image: (-last_use(image, uses), image.identifier))
    kept: list[EngineImage] = []
    for image in layers:
        reached = any(tag.rpartition(":")[2] in short for tag in layer_tags(image))
        if (reached or last_use(image, uses) >= since) and _within([*kept, image], limit):
            kept.append(image)
    return [image for image in layers if image not in kept]


def unused_images(images: Sequence[EngineImage], tags: Collection[str], since: float) -> list[EngineImage]:
    """Target images older than that, none of whose names is one of `tags`, those of recorded results."""
    return [
        image
        for image in images
        if image.role == TARGET_IMAGE and image.tags and image.created < since and not set(image.tags) & set(tags)
    ]


def unused_untagged(images: Sequence[EngineImage], since: float) -> list[EngineImage]:
    """Images that lost their name to a newer one, or that a killed command left."""
    return [image for image in images if not image.tags and image.created < since]


def _within(images: Sequence[EngineImage], limit: LayerLimit) -> bool:
    return (limit.count is None or len(images) <= limit.count) and (
        limit.size is None or sum(image.size for image in images) <= limit.size
    )
