"""Owns `build-env pin`: the digest of what a package is made from, found where it is and written into its definition.

What is pinned already is compared, and replaced only if that is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, InputError, Location, UsageError
from build_env.formats.registry import find_format
from build_env.inspect.find_source import find_source
from build_env.model.source import Pinned
from build_env.packages.definitions import Purpose
from build_env.packages.read import read_packages
from build_env.plan.select import check_exists
from build_env.projects.definitions import write_values
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.app.project import Project
    from build_env.model.package import Package
    from build_env.model.source import FoundSource

__all__ = ["pin", "targets_of"]


def targets_of(project: Project, name: str) -> tuple[str, ...]:
    """The targets that the package has pins for. Raises UsageError when there are none, or no such package."""
    package = _package(project, name, "")
    if not package.archive:
        raise UsageError(
            f"{name} is pinned for no target yet, and none was named",
            hint=f"build-env pin {name}@{next(_with_sources(project), 'TARGET')}",
        )
    return tuple(package.archive)


def _with_sources(project: Project) -> Iterator[str]:
    """The targets whose distributions have sources that can be found."""
    for target in project.target_names():
        known = find_format(str(load_target(project.paths, target).variables.get("FAMILY", "")))
        if known and known.finder:
            yield target


def pin(
    project: Project,
    name: str,
    target: str,
    tell: Callable[[str], None],
    *,
    update: bool = False,
    refresh: bool = False,
) -> Pinned:
    """Pin the source package of the distribution that the package is built from for `target`, a whole name.

    Raises:
        UsageError: there is no such package, in the project or in the distribution.
        InputError: the definition cannot be used or edited, or what it pins is not what the distribution has now.
        EnvironmentNotReady: the distribution cannot be asked.

    """
    package = _package(project, name, target)
    before = package.archive.get(target)
    found = find_source(project, target, name, tell, refresh=refresh)
    pinned = Pinned(package=name, target=target, source=found, before=before.version if before else "")
    if before and not update:
        _compare(project, package, target, found, tell)
        return pinned
    if before and (before.version, before.sha256) == (found.version, found.sha256):
        return pinned
    values = {"archive": {target: {"version": found.version, "sha256": found.sha256}}}

    def holds() -> bool:
        now = _package(project, name, target).archive.get(target)
        return now is not None and (now.version, now.sha256) == (found.version, found.sha256)

    written = write_values(project.paths.root, package.directory, values, holds)
    return replace(pinned, file=written.file, lines=tuple(written.lines.splitlines()))


def _package(project: Project, name: str, target: str) -> Package:
    """The package as it is for a target.

    Raises:
        UsageError: there is none.
        InputError: its definition cannot be used.

    """
    architectures = (project.host.architecture,)
    purpose = Purpose(target=target, architectures=architectures, outside=project.settings.outside)
    packages = read_packages(project.paths, purpose)
    if name not in packages:
        check_exists(packages, name)
    package = packages[name]
    if package.faults:
        raise InputError(f"{package.directory} cannot be used", faults=package.faults)
    return package


def _compare(project: Project, package: Package, target: str, found: FoundSource, tell: Callable[[str], None]) -> None:
    """See that what is pinned is what the distribution has.

    Raises:
        InputError: the distribution has it no longer, or other bytes under its name.

    """
    pinned = package.archive[target]
    here = Location(file=f"{package.directory}/definition.yaml")
    hint = f"build-env pin {package.name}@{target} --update"
    if pinned.version not in (found.version, *found.known):
        message = f"{target} no longer has {package.name} {pinned.version}, which is pinned; it has {found.version}"
        raise InputError(message, location=here, hint=hint)
    same = (
        found
        if pinned.version == found.version
        else find_source(project, target, package.name, tell, version=pinned.version)
    )
    if same.sha256 != pinned.sha256:
        raise InputError(
            f"{same.files[0].name} of {target} has another digest than is pinned: one of the two was changed",
            location=here,
            faults=(Fault(message=f"pinned  {pinned.sha256}"), Fault(message=f"found   {same.sha256}")),
            hint=f"{hint}, if what is there now is meant",
        )
