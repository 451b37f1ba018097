"""Owns which package needs which: from `requires`, from Build-Depends and BuildRequires, for building and for running.

Only packages that the target lists count: what else a name means comes from the distribution.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, InputError, Location
from build_env.core.suggest import did_you_mean
from build_env.model.package import Packaging

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from build_env.model.package import Package

__all__ = ["Relations", "relate"]


@dataclass(frozen=True, kw_only=True)
class Relations:
    """`build` maps a package to those that must be installed to build it, `run` to those its results need.

    Where definitions differ between architectures, these are the relations of all, and `by_arch` has those of each.
    """

    build: Mapping[str, tuple[str, ...]]
    run: Mapping[str, tuple[str, ...]]
    by_arch: Mapping[str, Relations] = field(default_factory=dict)

    def on(self, arch: str) -> Relations:
        """The relations among packages of `arch`."""
        return self.by_arch.get(arch, self)

    @cached_property
    def build_closures(self) -> Mapping[str, tuple[str, ...]]:
        """For each package everything of ours that may be installed in the room that builds it, sorted."""
        return {name: tuple(sorted(_reached(needed, self.run))) for name, needed in self.build.items()}

    def run_closure(self, package: str) -> tuple[str, ...]:
        """Everything of ours that is installed with the results of `package`, sorted."""
        return tuple(sorted(_reached(self.run[package], self.run)))

    def needed(self, packages: Iterable[str]) -> tuple[str, ...]:
        """`packages` and all they need to be built or to run, sorted."""
        both = {name: (*self.build[name], *self.run[name]) for name in self.build}
        return tuple(sorted(_reached(packages, both)))


def _reached(start: Iterable[str], edges: Mapping[str, tuple[str, ...]]) -> set[str]:
    """All that can be reached from `start`."""
    found = set(start)
    pending = list(found)
    while pending:
        new = [other for other in edges[pending.pop()] if other not in found]
        found.update(new)
        pending += new
    return found


def _path(start: Iterable[str], end: str, edges: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The shortest way from one of `start` to `end`, which can be reached."""
    before = dict.fromkeys(start, "")
    pending = deque(before)
    while end not in before:
        name = pending.popleft()
        new = [other for other in edges[name] if other not in before]
        before |= dict.fromkeys(new, name)
        pending += new
    path = [end]
    while name := before[path[-1]]:
        path.append(name)
    return tuple(reversed(path))


def relate(
    packages: Mapping[str, Package], listed: Collection[str], family: str, architectures: Collection[str] = ()
) -> Relations:
    """The relations among the `listed` packages, and those on each architecture where definitions differ.

    Raises InputError for an unknown name in `requires` or a cycle, which may be one that takes several architectures.
    """
    relations = _related(packages, listed, family)
    if not any(packages[name].variants for name in listed):
        return relations
    by_arch = {
        arch: _related({name: package.on(arch) for name, package in packages.items()}, listed, family)
        for arch in architectures
    }
    return replace(relations, by_arch=by_arch)


def _related(packages: Mapping[str, Package], listed: Collection[str], family: str) -> Relations:
    providers = {name: key for key in sorted(listed) for name in packages[key].names(family)}
    providers |= {name: name for name in listed}
    faults = [fault for name in sorted(listed) for fault in _unknown(packages[name], packages, providers)]
    if faults:
        raise InputError("requires names packages that this target does not build", faults=tuple(faults))
    build, run = {}, {}
    for name in sorted(listed):
        package = packages[name]
        packaging = package.packaging.get(family, Packaging())
        declared = {providers[item] for item in package.requires}
        to_build = {providers[item] for item in packaging.build_depends if item in providers}
        to_run = {providers[item] for item in packaging.depends if item in providers} | declared
        if not package.metapackage:
            # A metapackage is built from nothing: what it requires, it requires at run time.
            to_build |= declared
        if not package.of_every_architecture(family):
            # What a program is linked with is found while it is built (${shlibs:Depends}), so no file says it.
            to_run |= {other for other in to_build if not packages[other].of_every_architecture(family)}
        build[name], run[name] = _sorted(to_build, name), _sorted(to_run, name)
    relations = Relations(build=build, run=run)
    _refuse_cycles(relations)
    return relations


def _sorted(names: set[str], own: str) -> tuple[str, ...]:
    return tuple(sorted(names - {own}))


def _unknown(package: Package, packages: Mapping[str, Package], providers: Mapping[str, str]) -> Iterable[Fault]:
    where = Location(file=f"{package.directory}/definition.yaml")
    for item in package.requires:
        if item in packages and item not in providers:
            yield Fault(message=f"{package.name} requires {item}: add it to PACKAGES of the target", location=where)
        elif item not in providers:
            meant = did_you_mean(item, packages)
            yield Fault(message=f"{package.name} requires {item}, which is no package of src/{meant}", location=where)


def _refuse_cycles(relations: Relations) -> None:
    """What must be installed to build a package must be built before it, also what that needs in turn."""
    try:
        TopologicalSorter(relations.build_closures).prepare()
    except CycleError as error:
        # graphlib names each before the one that needs it.
        cycle = list(reversed(error.args[1]))
        words = [cycle[0]]
        for name, needed in pairwise(cycle):
            words += _path(relations.build[name], needed, relations.run)
        raise InputError(
            f"packages need each other to be built: {' needs '.join(words)}",
            hint="break the cycle: build one of them without the other first, or drop a Build-Depends",
        ) from error
