"""Owns the further repository: one beside those of the distribution, from which builds may install."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from build_env.core.errors import Location

__all__ = ["FurtherRepository"]


@dataclass(frozen=True, kw_only=True)
class FurtherRepository:
    """A repository as somebody wrote it at `place`.

    `key` is the text of the public key that signs it, in ASCII armour. `priority` means what it means to the tool that
    reads the repository; 0 is that tool's own. `whole` tells that the index is signed, too, where only
    packages need be.
    """

    name: str
    place: Location | None = None
    url: str = ""
    suites: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    key: str = ""
    priority: int = 0
    module: str = ""
    whole: bool = False
