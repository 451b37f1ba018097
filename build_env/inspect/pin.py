"""Owns `build-env pin`: the digest of what a package is made from, found where it is and written into its definition.

What is pinned already is compared, and replaced only if that is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, InputError, Location, UsageError
from build_env.formats.registry import find_format
from build_env.inspect.find_source import find_source, find_upstream
from build_env.model.package import Remote
from build_env.model.source import Pinned
from build_env.packages.definitions import Purpose
from build_env.packages.read import read_packages
from build_env.plan.select import check_exists
from build_env.projects.definitions import write_values
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.app.project import Project
    from build_env.model.package import Package
    from build_env.model.source import FoundSource

__all__ = ["pin", "targets_of"]


def targets_of(project: Project, name: str) -> tuple[str, ...]:
    """The targets that are meant where none is named: those that the package has pins for, else one of each family.

    Raises UsageError when there are none, or no such package.
    """
    package = _package(project, name, "")
    if package.archive:
        return tuple(package.archive)
    families: dict[str, str] = {}
    for target in project.target_names():
        families.setdefault(_family(project, target), target)
    meant = tuple(target for family, target in families.items() if family in package.packaging)
    if not meant:
        known = [target for family, target in families.items() if (each := find_format(family)) and each.finder]
        raise UsageError(
            f"{name} is pinned for no target yet, and none was named",
            hint=f"build-env pin {name}@{next(iter(known), 'TARGET')}",
        )
    return meant


def _family(project: Project, target: str) -> str:
    return str(load_target(project.paths, target).variables.get("FAMILY", ""))


def pin(
    project: Project,
    name: str,
    target: str,
    tell: Callable[[str], None],
    *,
    update: bool = False,
    refresh: bool = False,
) -> Pinned:
    """Pin what the package is made from for `target`, a whole name.

    That is what its packaging names on servers; without packaging of the family, or if it is pinned already, a source
    package of the distribution.

    Raises:
        UsageError: there is no such package, in the project or in the distribution, or nothing to be fetched for it.
        InputError: the definition cannot be used or edited, or what it pins is not what there is now.
        EnvironmentNotReady: the distribution or a server cannot be asked.

    """
    package = _package(project, name, target)
    if target not in package.archive and _family(project, target) in package.packaging:
        found = find_upstream(project, target, package, tell, refresh=refresh)
        return _pin_upstream(project, package, target, found, update=update)
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


def _pin_upstream(project: Project, package: Package, target: str, found: FoundSource, *, update: bool) -> Pinned:
    if not found.files:
        raise UsageError(f"{package.name} names nothing for {target} that lies on a server and not in the package")
    wanted = {file.name: Remote(url=file.url, sha256=file.sha256) for file in found.files}
    pinned = {name: package.sources[name] for name in wanted if name in package.sources}
    result = Pinned(package=package.name, target=target, source=found, before=found.version)
    if pinned == wanted:
        return result
    for name, file in pinned.items():
        if file.sha256 != wanted[name].sha256 and not update:
            raise _another(package, target, f"{wanted[name].url}", file.sha256, wanted[name].sha256)
    values = {name: {"url": file.url, "sha256": file.sha256} for name, file in wanted.items()}

    def holds() -> bool:
        now = _package(project, package.name, target).sources
        return all(now.get(name) == file for name, file in wanted.items())

    written = write_values(project.paths.root, package.directory, {"sources": values}, holds)
    return replace(result, before="", file=written.file, lines=tuple(written.lines.splitlines()))


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
    if pinned.version not in (found.version, *found.known):
        raise InputError(
            f"{target} no longer has {package.name} {pinned.version}, which is pinned; it has {found.version}",
            location=Location(file=f"{package.directory}/definition.yaml"),
            hint=f"build-env pin {package.name}@{target} --update",
        )
    same = (
        found
        if pinned.version == found.version
        else find_source(project, target, package.name, tell, version=pinned.version)
    )
    if same.sha256 != pinned.sha256:
        raise _another(package, target, f"{same.files[0].name} of {target}", pinned.sha256, same.sha256)


def _another(package: Package, target: str, what: str, pinned: str, found: str) -> InputError:
    return InputError(
        f"{what} has another digest than is pinned: one of the two was changed",
        location=Location(file=f"{package.directory}/definition.yaml"),
        faults=(Fault(message=f"pinned  {pinned}"), Fault(message=f"found   {found}")),
        hint=f"build-env pin {package.name}@{target} --update, if what is there now is meant",
    )
