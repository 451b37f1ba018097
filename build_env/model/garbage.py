"""Owns what `gc` would remove, as data: single things of several kinds, and images of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["LAYER_IMAGE", "TARGET_IMAGE", "Collection", "EngineImage", "Garbage", "Kind", "LayerLimit"]

# The roles by which images are known in the engine.
LAYER_IMAGE, TARGET_IMAGE = "layer-image", "target-image"


class Kind(StrEnum):
    """What kind of thing it is, as a person reads it; the order is that of removal."""

    RESULT = "result"
    ATTEMPT = "attempt"
    OBJECT = "object"
    MEMORY = "remembered plan"
    DOWNLOADS = "empty download directory"
    CACHE = "cache of a tool"
    ROOMS = "directory of a dead run"
    CONTINUED = "result of a continued task"
    FAILED_ROOM = "failed room"
    LAYER = "layer"
    IMAGE = "target image"
    UNTAGGED = "image without a name"


@dataclass(frozen=True, kw_only=True)
class Garbage:
    """One thing that nothing needs. `name` is its path below `build/`, its id, its key or its tag.

    `size` is in bytes, 0 where it is not known; `used` when it was used last, in seconds since the epoch.
    """

    kind: Kind
    name: str
    size: int = 0
    used: float = 0.0


@dataclass(frozen=True, kw_only=True)
class EngineImage:
    """An image in the engine that carries our labels; `size` is what it has beyond the image it was made from."""

    identifier: str
    tags: tuple[str, ...]
    role: str
    created: float
    size: int


@dataclass(frozen=True, kw_only=True)
class LayerLimit:
    """How much of layers may stay, the most recently used first: a number of them, or bytes; None: no such limit."""

    count: int | None = None
    size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What would go, or went, in the order of removal. `engine` is false when no container engine answered."""

    garbage: tuple[Garbage, ...]
    engine: bool
    deleted: bool = False
