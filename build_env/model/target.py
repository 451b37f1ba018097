"""Owns the facts of a target: what it lists, for which architectures, and the machine it is planned on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LISTS", "Host", "Options", "Target", "has_lists"]

LISTS = ("PACKAGES", "DEPENDS", "METAPACKAGES")  # the constants by which a target says which packages it has


@dataclass(frozen=True, kw_only=True)
class Host:
    """The machine that is planned for, this one, from os-release; `architecture` is a Debian name (`amd64`)."""

    id: str
    version_id: str
    codename: str
    architecture: str


@dataclass(frozen=True, kw_only=True)
class Options:
    """The seed's `arg_arch` and `opt_*_arch`: architectures per kind of package.

    `env_load` returns a changed copy, for example with only the host's architecture for `DEPENDS`.
    """

    arg_arch: tuple[str, ...]
    opt_build_arch: tuple[str, ...]
    opt_meta_arch: tuple[str, ...]
    opt_deps_arch: tuple[str, ...]

    @classmethod
    def of(cls, architectures: tuple[str, ...]) -> Self:
        """The same architectures for packages of every kind."""
        return cls(
            arg_arch=architectures,
            opt_build_arch=architectures,
            opt_meta_arch=architectures,
            opt_deps_arch=architectures,
        )


def has_lists(variables: Mapping[str, object]) -> bool:
    """Whether a target with these constants says which packages it has; otherwise it has all that it can build."""
    return any(name in variables for name in LISTS)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A directory below `targets/` with `packages.conf.py`; `variables` are its upper-case constants.

    `host_arch` is the machine that is planned for: on a native arm64 machine other images and other edges are planned,
    so that it is a fact of the plan, whoever carries out its orders.
    """

    name: str
    directory: str
    family: str
    options: Options
    host_arch: str
    packages: tuple[str, ...]
    depends: tuple[str, ...] = ()
    metapackages: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)

    @property
    def has_lists(self) -> bool:
        """See the function of this name."""
        return has_lists(self.variables)

    @property
    def listed(self) -> frozenset[str]:
        """Every package that one of its lists names."""
        return frozenset((*self.packages, *self.depends, *self.metapackages))

    @property
    def slug(self) -> str:
        """The name as one path component: `centos/8` is `centos-8`."""
        return self.name.replace("/", "-")
