"""Owns which package needs which: from `requires`, from Build-Depends and BuildRequires, for building and for running.

Only packages that the target lists count: what else a name means comes from the distribution.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, Location
from build_env.core.suggest import did_you_mean
from build_env.plan.binaries import Context, binaries_of
from build_env.plan.edges import closures, edges_of, reached

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from build_env.model.package import Package, Packaging
    from build_env.plan.binaries import Binaries
    from build_env.plan.edges import Edges

__all__ = ["Relations", "relate", "without_unknown"]

_HERE = {"": Context()}


@dataclass(frozen=True, kw_only=True)
class Relations:
    """`build` maps a package to those that must be installed to build it, `run` to those its results need.

    `build_closures` has for each package everything of ours that may be installed in the room that builds it,
    `hosted_closures` the same of the build machine's architecture where that is another one; sorted.

    Where architectures differ, these are the relations of all, and `by_arch` has those of each. `clashes` maps the name
    of a binary package to the packages that all build it. `notes` are for people.
    """

    build: Mapping[str, tuple[str, ...]]
    run: Mapping[str, tuple[str, ...]]
    build_closures: Mapping[str, tuple[str, ...]]
    hosted_closures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_arch: Mapping[str, Relations] = field(default_factory=dict)
    clashes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def on(self, arch: str) -> Relations:
        """The relations among packages of `arch`."""
        return self.by_arch.get(arch, self)

    def everything_for(self, package: str) -> tuple[str, ...]:
        """What of ours may be installed where `package` is built, whatever the architecture."""
        hosted = self.hosted_closures.get(package)
        closure = self.build_closures[package]
        return tuple(sorted({*closure, *hosted})) if hosted else closure

    def run_closure(self, package: str) -> tuple[str, ...]:
        """Everything of ours that is installed with the results of `package`, sorted."""
        return tuple(sorted(reached(self.run[package], self.run)))

    def needed(self, packages: Iterable[str]) -> tuple[str, ...]:
        """`packages` and all they need to be built or to run, sorted."""
        both = {name: (*self.build[name], *self.run[name]) for name in self.build}
        return tuple(sorted(reached(packages, both)))


def relate(
    packages: Mapping[str, Package],
    listed: Collection[str],
    family: str,
    contexts: Mapping[str, Context] | None = None,
    tools: Collection[str] = (),
    wanted: Collection[str] = (),
) -> Relations:
    """The relations among the `listed` packages in the `contexts` of a plan, which are by architecture.

    `tools` are packages that run where the build runs. `wanted` are those that are asked for, none means all.

    A name in `requires` that means nothing makes no edge, see `without_unknown`. Raises InputError for a cycle among
    what is wanted and what that needs.
    """
    contexts = contexts or _HERE
    alike = _Alike(packages, listed, family, tools)
    by_kind: dict[object, Relations] = {}
    by_arch: dict[str, Relations] = {}
    for arch, context in contexts.items():
        kind = alike.kind(context)
        if kind not in by_kind:
            home = contexts.get(context.build_arch, Context(arch=context.build_arch, build_arch=context.build_arch))
            fellow = home if alike.crosses(context) else context
            among = _Listed(packages, listed, family, frozenset(tools), frozenset(wanted))
            by_kind[kind] = _related(among, context, fellow)
        by_arch[arch] = by_kind[kind]
    if len(by_kind) == 1:
        return next(iter(by_kind.values()))
    return _of_all(list(by_kind.values()), by_arch)


class _Alike:
    """Tells contexts apart in which packages may be related in different ways, so that others are read once."""

    def __init__(
        self, packages: Mapping[str, Package], listed: Collection[str], family: str, tools: Collection[str]
    ) -> None:
        self._by_arch = any(packages[name].variants for name in listed)
        self._by_crossing = bool(tools)
        for name in listed:
            packaging = packages[name].packaging.get(family)
            if packaging is not None:
                self._look(packaging)

    def _look(self, packaging: Packaging) -> None:
        for binary in packaging.binaries:
            self._by_arch = self._by_arch or binary.architectures is not None
            self._by_crossing = self._by_crossing or binary.foreign or bool(binary.profiles)
        needs = (*packaging.build_depends, *(need for binary in packaging.binaries for need in binary.depends))
        for need in needs:
            for wanted in need:
                if wanted.architectures is not None:
                    self._by_arch = True
                if wanted.native or wanted.profiles:
                    self._by_crossing = True

    def crosses(self, context: Context) -> bool:
        """Whether it makes a difference that the build machine is another one."""
        return self._by_crossing and context.crosses

    def kind(self, context: Context) -> object:
        """What contexts that are alike have in common."""
        return (
            context.arch if self._by_arch else "",
            (context.crosses, context.profiles) if self._by_crossing else "",
        )


@dataclass(frozen=True)
class _Listed:
    """The packages of a target."""

    packages: Mapping[str, Package]
    names: Collection[str]
    family: str
    tools: frozenset[str]
    wanted: frozenset[str]

    def on(self, context: Context) -> Mapping[str, Package]:
        return {name: self.packages[name].on(context.arch) for name in self.names}

    def binaries(self, context: Context) -> Binaries:
        return binaries_of(self.on(context), self.family, context, self.tools)

    def edges(self, context: Context, home: Context) -> Edges:
        own = self.binaries(context)
        return edges_of(self.on(context), self.family, context, own, None if home is context else self.binaries(home))


def _related(listed: _Listed, context: Context, home: Context) -> Relations:
    """The relations in `context`, where `home` is that of what runs on the build machine."""
    here = listed.edges(context, home)
    unneeded = _unneeded(here, listed.wanted)
    elsewhere = frozenset[str]() if home is context else _of_every_architecture(listed)
    nodes, gone = closures(here, elsewhere | unneeded)
    hosted: dict[str, tuple[str, ...]] = {}
    if here.hosted_build or here.hosted_run:
        there = listed.edges(home, home)
        closures(there, unneeded)  # what makes way for cycles there does so here
        hosted = _hosted(here, there, nodes)
    return Relations(
        build={
            name: tuple(sorted((here.packages(needed) | here.hosts(here.hosted_build.get(name, ()))) - {name}))
            for name, needed in here.build.items()
        },
        run=_run(here),
        build_closures={name: tuple(sorted(here.packages(found))) for name, found in nodes.items()},
        hosted_closures=hosted,
        clashes=here.binaries.clashes,
        notes=tuple(dict.fromkeys(_note(here, edge) for edge in gone if here.soft[edge])),
    )


def _unneeded(here: Edges, wanted: frozenset[str]) -> frozenset[str]:
    """The packages that are neither wanted nor needed by what is: whatever is wrong among them stops nothing."""
    if not wanted:
        return frozenset()
    run = _run(here)
    needs = {
        name: (*here.packages(nodes), *here.hosts(here.hosted_build.get(name, ())), *run[name])
        for name, nodes in here.build.items()
    }
    return frozenset(needs) - reached(wanted & needs.keys(), needs)


def _note(here: Edges, edge: tuple[str, str]) -> str:
    """What a person is told of a soft edge that gave way."""
    before, after = edge
    other = here.binaries.owner[after]
    return f"{here.name_of(before)} takes {here.soft[edge]} from the distribution: {other} cannot be built without it"


def _of_every_architecture(listed: _Listed) -> frozenset[str]:
    """What is built once, for all, and not beside what crosses."""
    return frozenset(name for name in listed.names if listed.packages[name].of_every_architecture(listed.family))


def _hosted(here: Edges, there: Edges, nodes: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """What of the build machine's may be installed in the room of each package: tools, and what these need."""
    hosted = {}
    for name, found in nodes.items():
        start = {
            *here.hosted_build.get(name, ()),
            *(other for node in found & here.hosted_run.keys() for other in here.hosted_run[node]),
        }
        if start:
            hosted[name] = tuple(sorted(there.packages(reached(start, there.run))))
    return hosted


def _run(edges: Edges) -> dict[str, tuple[str, ...]]:
    """What the packages of a package need when they are installed, by package."""
    owner = edges.binaries.owner
    run: dict[str, set[str]] = {name: set() for name in edges.build}
    for node, needed in edges.run.items():
        run[owner[node]] |= edges.packages(needed)
    for node, needed in edges.hosted_run.items():
        run[owner[node]] |= edges.hosts(needed)
    return {name: tuple(sorted(needed - {name})) for name, needed in run.items()}


def _of_all(kinds: Collection[Relations], by_arch: Mapping[str, Relations]) -> Relations:
    """The union: what is needed on one architecture at least."""

    def united(parts: Iterable[Mapping[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
        found: dict[str, set[str]] = {}
        for part in parts:
            for name, needed in part.items():
                found.setdefault(name, set()).update(needed)
        return {name: tuple(sorted(needed)) for name, needed in found.items()}

    return Relations(
        build=united(each.build for each in kinds),
        run=united(each.run for each in kinds),
        build_closures=united(each.build_closures for each in kinds),
        hosted_closures=united(each.hosted_closures for each in kinds),
        clashes=united(each.clashes for each in kinds),
        by_arch=by_arch,
        notes=tuple(dict.fromkeys(note for each in kinds for note in each.notes)),
    )


def without_unknown(packages: Mapping[str, Package], listed: Collection[str], family: str) -> dict[str, Package]:
    """The packages, where those of `listed` that require what the target does not build have faults that say so."""
    given = {given for name in listed for given in packages[name].names(family)}
    result = dict(packages)
    for name in sorted(listed):
        package = packages[name]
        faults = tuple(_unknown(package, packages, given))
        if faults:
            kept = tuple(item for item in package.requires if item in given)
            result[name] = replace(package, requires=kept, faults=(*package.faults, *faults))
    return result


def _unknown(package: Package, packages: Mapping[str, Package], given: Collection[str]) -> Iterable[Fault]:
    where = Location(file=f"{package.directory}/definition.yaml")
    for item in package.requires:
        if item in packages and item not in given:
            yield Fault(message=f"{package.name} requires {item}: add it to PACKAGES of the target", location=where)
        elif item not in given:
            meant = did_you_mean(item, packages)
            yield Fault(message=f"{package.name} requires {item}, which is no package of src/{meant}", location=where)
