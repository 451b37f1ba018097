"""Owns the answers to "what is there": targets with what they can build for, packages with what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError
from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.formats.registry import formats
from build_env.model.listing import PackageEntry, TargetEntry
from build_env.packages.definitions import Purpose
from build_env.packages.read import read_packages
from build_env.targets.lists import lists_of
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from build_env.app.project import Project
    from build_env.core.errors import Fault
    from build_env.model.package import Package

__all__ = ["list_packages", "list_targets"]


def list_targets(project: Project, *, shipped: bool = False) -> list[TargetEntry]:
    """All targets, on demand with those that are shipped; one that cannot be loaded hides no other."""
    names = dict.fromkeys((*project.target_names(), *(project.shipped_targets() if shipped else ())))
    return [_target(project, name) for name in sorted(names)]


def list_packages(project: Project) -> list[PackageEntry]:
    """All packages of `src/`, by name."""
    return [
        PackageEntry(
            name=package.name,
            version=package.version,
            summary=package.summary,
            families=_families(package),
            metapackage=package.metapackage,
            choices=package.choices.words,
            problem=tuple(map(str, _faults(package))),
        )
        for _, package in sorted(read_packages(project.paths, _purpose(project)).items())
    ]


def _families(package: Package) -> tuple[str, ...]:
    """The formats it can be built as: it has their packaging, or its source is taken from a distribution's archive."""
    from_archive = (known.name for known in formats() if known.finder and package.archive)
    return tuple(sorted({*package.packaging, *from_archive}))


def _faults(package: Package) -> dict[Fault, None]:
    """What is wrong with it, for whatever family."""
    return dict.fromkeys(fault for family in package.packaging or ("",) for fault in package.faults_for(family))


def _purpose(project: Project, target: str = "") -> Purpose:
    """Definitions that differ are shown as they are for this machine, or the first target where it is none of them."""
    names, host = project.target_names(), project.host
    own = f"{host.id}/{host.version_id}"
    target = target or (own if own in names else next(iter(names), ""))
    return Purpose(target=target, architectures=(host.architecture,), outside=project.settings.outside)


def _target(project: Project, name: str) -> TargetEntry:
    try:
        loaded = load_target(project.paths, name)
        known = tuple(dict.fromkeys((project.host.architecture, *MACHINE_TO_DEBIAN.values())))
        return TargetEntry(
            name=name,
            architectures=project.supported(name, known),
            fits=project.fits(name),
            shipped=not (project.paths.root / loaded.file).is_file(),
            **lists_of(loaded, read_packages(project.paths, _purpose(project, name))),
        )
    except BuildEnvError as error:
        return TargetEntry(name=name, problem=tuple(error.lines()))
