"""Owns what is told of targets and packages without planning anything: one entry each."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PackageEntry", "TargetEntry"]


@dataclass(frozen=True, kw_only=True)
class TargetEntry:
    """One target. `fits` tells that it is this machine's; `problem` why it cannot be used, line by line.

    `shipped`: it is build-env's, and the project has no such directory itself.
    """

    name: str
    architectures: tuple[str, ...] = ()
    fits: bool = False
    shipped: bool = False
    packages: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    metapackages: tuple[str, ...] = ()
    problem: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PackageEntry:
    """One package of `src/`; `choices` is what its definition chose about its build, in words.

    `problem` are lines that say why it cannot be used.
    """

    name: str
    version: str
    summary: str
    families: tuple[str, ...]
    metapackage: bool
    choices: str = ""
    problem: tuple[str, ...] = ()
