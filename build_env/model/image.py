"""Owns what an engine says of the images it has, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


__all__ = ["ImageDescription", "ImageInventory"]


@dataclass(frozen=True, kw_only=True)
class ImageDescription:
    """What an engine says of an image it has: its own id, Debian architecture name, labels.

    `since` is the time at which it got its name here, in seconds, 0 where the engine does not know.
    """

    identifier: str
    architecture: str
    labels: Mapping[str, str]
    since: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ImageInventory:
    """What an image holds: `packages` with one `name version arch` per line, sorted; `index` is a digest.

    The index is that of the mirrors' packages, as the image has it: what is installed on top of it comes from there.
    """

    packages: str
    index: str
