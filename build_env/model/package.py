"""Owns what a package of `src/` is: its definition and the facts its packaging declares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Archive", "Package", "Packaging"]


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A source package taken from a distribution's archive; `sha256` pins its .dsc."""

    version: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Packaging:
    """What the packaging of one family says: names it builds, names it needs to build.

    `depends` are the names its binary packages need when installed. `all_only` tells that every binary package is one
    of every architecture; None where the packaging does not say; `mixed` that some
    are and others not. `epoch` is the SOURCE_DATE_EPOCH of the changelog's top entry.
    """

    binaries: tuple[str, ...] = ()
    build_depends: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    all_only: bool | None = None
    mixed: bool = False
    epoch: int = 0


@dataclass(frozen=True, kw_only=True)
class Package:
    """A directory below `src/`; `directory` is relative to the project root.

    `architectures` is `("all",)` for a package of every architecture, a limit on architectures, or empty for no limit.
    `packaging` maps a family (`deb`, `rpm`) to what its packaging says; `scripts` are the families for
    which the package brings its own `build.sh`.

    A manifest may say different things for different architectures: `variants` maps each to the package as it is there,
    `requires` and `provides` are then those of all.
    """

    name: str
    directory: str
    version: str = ""
    summary: str = ""
    metapackage: bool = False
    architectures: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    archive: Mapping[str, Archive] = field(default_factory=dict)
    packaging: Mapping[str, Packaging] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()
    epoch: int = 0
    variants: Mapping[str, Package] = field(default_factory=dict)

    def on(self, architecture: str) -> Package:
        """The package as it is for `architecture`."""
        variant = self.variants.get(architecture)
        # What packaging says is found out later for some families, and is the same everywhere.
        return replace(variant, packaging=self.packaging) if variant else self

    def names(self, family: str) -> frozenset[str]:
        """Every name another package may use to need this one."""
        packaging = self.packaging.get(family, Packaging())
        return frozenset((self.name, *self.provides, *packaging.binaries))

    def of_every_architecture(self, family: str) -> bool:
        """Whether one build serves all architectures (`all`, `noarch`)."""
        packaging = self.packaging.get(family, Packaging())
        return self.architectures == ("all",) or bool(packaging.all_only)
