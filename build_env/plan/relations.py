"""Owns which package needs which: from `requires`, from Build-Depends and BuildRequires, for building and for running.

Only packages that the target lists count: what else a name means comes from the distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
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
    """`build` maps a package to those that must be installed to build it, `run` to those its results need."""

    build: Mapping[str, tuple[str, ...]]
    run: Mapping[str, tuple[str, ...]]

    def build_closure(self, package: str) -> tuple[str, ...]:
        """Everything of ours that is installed in the room that builds `package`, sorted."""
        found: set[str] = set()
        pending = list(self.build[package])
        while pending:
            name = pending.pop()
            if name not in found and name != package:
                found.add(name)
                pending += self.run[name]
        return tuple(sorted(found))

    def needed(self, packages: Iterable[str]) -> tuple[str, ...]:
        """`packages` and all they need to be built or to run, sorted."""
        found: set[str] = set()
        pending = list(packages)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending += [*self.build[name], *self.run[name]]
        return tuple(sorted(found))


def relate(packages: Mapping[str, Package], listed: Collection[str], family: str) -> Relations:
    """The relations among the `listed` packages. Raises InputError for an unknown name in `requires` or a cycle."""
    providers = {name: key for key in sorted(listed) for name in packages[key].names(family)}
    providers |= {name: name for name in listed}
    faults = [fault for name in sorted(listed) for fault in _unknown(packages[name], packages, providers)]
    if faults:
        raise InputError("requires names packages that this target does not build", faults=tuple(faults))
    build, run = {}, {}
    for name in sorted(listed):
        package = packages[name]
        packaging = package.packaging.get(family, Packaging())
        # A metapackage is built from nothing: what it requires, it requires at run time.
        declared = {providers[item] for item in package.requires}
        build[name] = _sorted({providers[item] for item in packaging.build_depends if item in providers}, name)
        run[name] = _sorted({providers[item] for item in packaging.depends if item in providers} | declared, name)
        if not package.metapackage:
            build[name] = _sorted({*build[name], *declared}, name)
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
    graph = {name: relations.build_closure(name) for name in relations.build}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        path = " needs ".join(reversed(error.args[1]))
        raise InputError(
            f"packages need each other to be built: {path}",
            hint="break the cycle: build one of them without the other first, or drop a Build-Depends",
        ) from error
