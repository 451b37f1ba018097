"""Owns what a package of `src/` is: its definition and the facts its packaging declares."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from build_env.model.choices import Choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.core.errors import Fault
    from build_env.model.further import FurtherRepository

# The first day of 1980 that is one in every time zone: archives of zip know nothing before. For what says no date.
UNDATED = 315_619_200

__all__ = [
    "UNDATED",
    "Alternative",
    "Archive",
    "Binary",
    "Need",
    "Package",
    "Packaging",
    "Remote",
    "binaries_called",
    "needs_of",
]


class Alternative(NamedTuple):
    """One of the names that fulfil a need, and the condition under which it counts.

    `native`: the package must run on the machine that builds, whatever is built for. `architectures` are those that
    it counts on, None for all. `profiles` is a formula: it holds when all terms of one of its lists hold, and a term is
    the name of a build profile, with `!` before it when it must not be in force; without a list it holds always.
    `versioned`: not every version will do, so that ours may not be the one that is taken.
    """

    name: str
    native: bool = False
    architectures: frozenset[str] | None = None
    profiles: tuple[tuple[str, ...], ...] = ()
    versioned: bool = False


Need = tuple[Alternative, ...]  # one of them is enough, the first that there is


@dataclass(frozen=True, kw_only=True)
class Binary:
    """One package that comes out of a build. `provides` are further names, `depends` what it needs when installed.

    `every_architecture`: one file serves all. `architectures` (None for all) and `profiles` say where it is built, as
    of an `Alternative`. `foreign`: it serves packages of other architectures, as a program does. What it needs may be
    found while it is built: `linked` with the libraries that it is built with, `generated` from any of what it is
    built with.
    """

    name: str
    provides: tuple[str, ...] = ()
    depends: tuple[Need, ...] = ()
    every_architecture: bool = False
    architectures: frozenset[str] | None = None
    profiles: tuple[tuple[str, ...], ...] = ()
    foreign: bool = False
    linked: bool = False
    generated: bool = False


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A source package taken from a distribution's archive; `sha256` pins its .dsc.

    `patches` are files below the package's directory that are put on top, in this order.
    """

    version: str
    sha256: str
    patches: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A file that the source stage fetches from `url`; `sha256` pins it."""

    url: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Packaging:
    """What the packaging of one family says: what it builds, and what it needs to build.

    `architectures` are those that it is for, None for all. `all_only` tells that every binary package is one of every
    architecture; None where the packaging does not say; `mixed` that some are and others not. `dynamic`: a build
    finds out more that it needs, in rounds. `epoch` is the SOURCE_DATE_EPOCH of the changelog's top entry. With
    `faults` it cannot be used, and says as much as could be read. `directory` is where it lies in the package;
    `source` names the finished source package that lies there instead. `upstream` are files from the package's
    directory (`../one_1.orig.tar.gz`) that the source is made of besides: they are no part of its tree. `beside` are
    the files, by name, that may be its sources, with their paths in the package; `own` are names at its top that are
    no packaging.
    """

    directory: str = ""
    source: str = ""
    upstream: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    binaries: tuple[Binary, ...] = ()
    build_depends: tuple[Need, ...] = ()
    architectures: frozenset[str] | None = None
    all_only: bool | None = None
    mixed: bool = False
    dynamic: bool = False
    epoch: int = 0
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Package:
    """A directory below `src/`; `directory` is relative to the project root.

    `architectures` is `("all",)` for a package of every architecture, a limit on architectures, or empty for no limit.
    `packaging` maps a family (`deb`, `rpm`) to what its packaging says; `scripts` are the families for
    which the package brings its own `build.sh`. A `tool` serves the builds of others. `sources` are files, by name,
    that the source stage fetches, `repositories` by target those from which its builds may install, too. `choices` are
    about its build, `apart` those among them that the run asked for: what comes out then is not the package that
    everybody gets. `limits` and `caches` are those of its rooms.

    A manifest may say different things for different architectures: `variants` maps each to the package as it is there,
    `requires` and `provides` are then those of all. With `faults` it cannot be used, for whatever target.
    """

    name: str
    directory: str
    version: str = ""
    summary: str = ""
    metapackage: bool = False
    tool: bool = False
    architectures: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    archive: Mapping[str, Archive] = field(default_factory=dict)
    repositories: Mapping[str, tuple[FurtherRepository, ...]] = field(default_factory=dict)
    sources: Mapping[str, Remote] = field(default_factory=dict)
    packaging: Mapping[str, Packaging] = field(default_factory=dict)
    scripts: tuple[str, ...] = ()
    epoch: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)
    choices: Choices = field(default_factory=Choices)
    apart: Choices = field(default_factory=Choices)
    caches: tuple[str, ...] = ()
    variants: Mapping[str, Package] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    def on(self, architecture: str) -> Package:
        """The package as it is for `architecture`."""
        variant = self.variants.get(architecture)
        # What packaging says is found out later for some families, and is the same everywhere.
        return replace(variant, packaging=self.packaging) if variant else self

    def names(self, family: str) -> frozenset[str]:
        """Every name another package may use to need this one."""
        binaries = self.packaging.get(family, Packaging()).binaries
        given = (name for binary in binaries for name in (binary.name, *binary.provides))
        return frozenset((self.name, *self.provides, *given))

    def own_names(self, family: str) -> frozenset[str]:
        """The names that mean this package wherever they stand; others may be given by the distribution as well."""
        binaries = self.packaging.get(family, Packaging()).binaries
        unconditional = (each.name for each in binaries if each.architectures is None and not each.profiles)
        return frozenset((*self.provides, *(unconditional if binaries else (self.name,))))

    def faults_for(self, family: str) -> tuple[Fault, ...]:
        """Why it cannot be used as a package of `family`; empty if it can."""
        return (*self.faults, *self.packaging.get(family, Packaging()).faults)

    def limited_to(self, family: str) -> tuple[str, ...]:
        """The architectures that it is built for at most, by both; empty for no limit, `none` for nothing."""
        packaged = self.packaging.get(family, Packaging()).architectures
        if packaged is None:
            return self.architectures
        return tuple(sorted(packaged.intersection(self.architectures or packaged))) or ("none",)

    def date(self, family: str) -> int:
        """When it was changed last, in seconds of the epoch; 0 where nothing says it."""
        return self.packaging.get(family, Packaging()).epoch or self.epoch

    def of_every_architecture(self, family: str) -> bool:
        """Whether one build serves all architectures (`all`, `noarch`)."""
        packaging = self.packaging.get(family, Packaging())
        return self.architectures == ("all",) or bool(packaging.all_only)


def needs_of(*names: str) -> tuple[Need, ...]:
    """A need for each of the names, without conditions."""
    return tuple((Alternative(name),) for name in names)


def binaries_called(*names: str) -> tuple[Binary, ...]:
    """Binary packages of these names of which nothing else is known."""
    return tuple(Binary(name=name) for name in names)
