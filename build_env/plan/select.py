"""Owns the selection: from names, stages and architectures on the command line to units and the edges between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, InputError, Location, UsageError
from build_env.core.suggest import mistyped
from build_env.model.choices import ARCH, INDEP, Choices
from build_env.model.task import Input, Place, Stage
from build_env.plan.units import ALL, SOURCE, PackageRole, Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from build_env.model.identity import TaskName
    from build_env.model.package import Package
    from build_env.model.target import Target
    from build_env.plan.relations import Relations

__all__ = ["NO_PACKAGING", "Request", "Selection", "check_exists", "check_requested", "select"]

NO_PACKAGING = "a package has debian/ or a spec file; build-env new package NAME writes one with both"

# A unit that another one needs, and the edge to it.
_Need = tuple[Unit, Input]
_STAGES = (Stage.SOURCE, Stage.BUILD, Stage.VERIFY, Stage.DEPLOY)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the command line asks for; no `packages` means all, no `stages` means all.

    `choices` are for the builds of the packages that it names, of all without names; what these need is built as ever.
    """

    packages: tuple[str, ...] = ()
    stages: frozenset[Stage] = frozenset()
    only_depends: bool = False
    choices: Choices = field(default_factory=Choices)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The units to do, and by name for each the inputs that it needs and the units that it only follows."""

    units: tuple[Unit, ...]
    inputs: Mapping[TaskName, tuple[Input, ...]]
    after: Mapping[TaskName, tuple[TaskName, ...]]
    tars: Mapping[str, tuple[TaskName, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def check_requested(targets: Sequence[Target], packages: Mapping[str, Package], requested: Iterable[str]) -> None:
    """Raises UsageError for a name that is no package, or one of none of these targets."""
    for name in requested:
        check_exists(packages, name)
        if any(name in target.listed for target in targets):
            continue
        named = ", ".join(target.name for target in targets)
        with_lists = [target for target in targets if target.has_lists]
        if not with_lists:
            raise UsageError(f"{packages[name].directory} has nothing to build it by for {named}", hint=NO_PACKAGING)
        raise UsageError(
            f"{name} is in no list of {named}",
            hint=f"add it to PACKAGES in {with_lists[0].directory}/packages.conf.py",
        )


def check_exists(packages: Mapping[str, Package], name: str) -> None:
    """Raises UsageError for a name that is no package."""
    if name not in packages:
        raise mistyped(f"there is no package {name}", name, packages, hint="build-env list packages shows all of src/")


@dataclass
class _Selector:
    """Grows the units from what is wanted; one instance per call of `select`."""

    target: Target
    packages: Mapping[str, Package]
    relations: Relations
    image_archs: Mapping[str, str]
    units: dict[TaskName, Unit] = field(default_factory=dict)
    inputs: dict[TaskName, tuple[Input, ...]] = field(default_factory=dict)
    notes: dict[str, None] = field(default_factory=dict)
    installed: dict[tuple[str, str], tuple[_Need, ...]] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    held: dict[str, list[str]] = field(default_factory=dict)

    def role(self, name: str) -> PackageRole:
        if name in self.target.depends:
            return PackageRole.DEPENDS
        return PackageRole.METAPACKAGE if name in self.target.metapackages else PackageRole.PACKAGE

    def crosses(self, arch: str) -> bool:
        return self.image_archs[arch] == self.target.host_arch != arch

    def archs(self, name: str) -> tuple[str, ...]:
        """The labels a package is built under for the options in force."""
        labels = self.labels.get(name)
        if labels is None:
            every = self.packages[name].of_every_architecture(self.target.family)
            labels = (ALL,) if every else tuple(arch for arch in self.chosen(name) if self.allowed(name, arch))
            self.labels[name] = labels
        return labels

    def chosen(self, name: str) -> tuple[str, ...]:
        """The architectures that are asked for, for packages of this one's kind."""
        options = self.target.options
        return {
            PackageRole.PACKAGE: options.opt_build_arch,
            PackageRole.DEPENDS: options.opt_deps_arch,
            PackageRole.METAPACKAGE: options.opt_meta_arch,
        }[self.role(name)]

    def allowed(self, name: str, arch: str) -> bool:
        """Whether the package may be built for `arch`; otherwise there is a note."""
        package = self.packages[name].on(arch)
        limits = package.limited_to(self.target.family)
        if limits and arch not in limits:
            self.notes[f"{name} is limited to {', '.join(limits)}: not built for {arch}"] = None
            return False
        return True

    def labels_asked(self, name: str) -> tuple[str, ...]:
        """The labels under which there is something to build of the part that was chosen."""
        only, labels = self.packages[name].choices.only, self.archs(name)
        if only == ARCH:
            labels = tuple(label for label in labels if label != ALL)
        elif only == INDEP and labels != (ALL,):
            labels = (self.primary(name),) if self.mixed(name) and labels else ()
        if only and not labels:
            kind = "one" if only == ARCH else "every"
            self.notes[f"{name} has no packages of {kind} architecture: not built (only {only})"] = None
        return labels

    def held_back(self, name: str, request: Request) -> frozenset[Stage]:
        """That it is not deployed unless that is asked for: clients would take it for the ordinary one."""
        if Stage.DEPLOY in request.stages or not request.choices:
            return frozenset()
        apart = [other for other in self.relations.needed((name,)) if self.packages[other].apart]
        words = self.packages[name].apart.words
        reason = f"the run chose {words}" if words else f"{apart[0]} is not, which they need" if apart else ""
        if reason:
            self.held.setdefault(reason, []).append(name)
        return frozenset({Stage.DEPLOY} if apart else ())

    def primary(self, name: str) -> str:
        """The label whose tasks make what those of all architectures share: the host's, else the first."""
        labels = self.archs(name)
        host = self.target.host_arch
        return host if host in labels else next(iter(labels), host)

    def all_arch(self) -> str:
        """Where packages of every architecture are built: the host's image where there is one."""
        host = self.target.host_arch
        chosen = self.target.options.arg_arch
        has_image = host in self.image_archs and any(self.image_archs[arch] == host for arch in chosen)
        return host if has_image else chosen[0]

    def unit(self, name: str, stage: Stage, label: str) -> Unit:
        arch = self.all_arch() if label == ALL else label
        # A tool of the build machine's architecture may be built beside what is asked for, with all that belongs to it.
        primary = label in {ALL, SOURCE, self.target.host_arch, self.primary(name)}
        if stage is Stage.SOURCE and label != SOURCE:
            # One source package serves all architectures whose image is the host's.
            if self.image_archs[arch] == self.target.host_arch:
                label, arch = SOURCE, self.target.host_arch
            else:
                label = arch
        elif label == SOURCE:
            arch = self.target.host_arch
        return Unit(
            target=self.target.name,
            package=name,
            role=self.role(name),
            stage=stage,
            label=label,
            arch=arch,
            image_arch=self.image_archs[arch],
            primary=primary,
        )

    def add(self, name: str, stage: Stage, label: str) -> None:
        """Add a unit and all it needs. Not recursive: a chain of packages may be longer than Python's stack is deep."""
        pending = [self.unit(name, stage, label)]
        while pending:
            unit = pending.pop()
            if unit.name in self.units:
                continue
            needs = list(self._needs(unit))
            self.units[unit.name] = unit
            self.inputs[unit.name] = tuple([entry for _, entry in needs])
            pending += [needed for needed, entry in reversed(needs) if entry.task not in self.units]

    def _needs(self, unit: Unit) -> Iterator[_Need]:
        if unit.stage is Stage.SOURCE:
            return
        if unit.stage is not Stage.DEPLOY:
            yield self._need(unit, Stage.SOURCE, Place.SOURCE)
        if unit.stage is Stage.BUILD:
            relations = self.relations.on(unit.arch)
            for needed in relations.build_closures[unit.package]:
                yield from self._to_install(needed, unit.arch)
            if self.crosses(unit.arch):
                # What runs while it is built runs on the build machine: built for that, too.
                yield from self._hosted(unit, relations)
        elif unit.stage is Stage.VERIFY:
            yield self._need(unit, Stage.BUILD, Place.BUILD)
        else:
            # Emulated architectures make a source package each, and only one of these can bear the name. The others
            # say as well what their packages may be called.
            yield self._need(unit, Stage.SOURCE, Place.DEPLOY if unit.primary else Place.SOURCE)
            yield self._need(unit, Stage.BUILD, Place.DEPLOY)
            yield self._need(unit, Stage.VERIFY, Place.DEPLOY)
            yield from self._members(unit)

    def _need(self, unit: Unit, stage: Stage, place: Place) -> _Need:
        """An earlier stage of the same package."""
        return _edge(self.unit(unit.package, stage, unit.label), place)

    def _members(self, unit: Unit) -> Iterator[_Need]:
        """What must be deployed with it, so that clients can install it; files come from their own tasks.

        Packages that need each other when installed are published together without waiting for each other.
        """
        relations = self.relations.on(unit.arch)
        for member in relations.run[unit.package]:
            if self.role(member) is PackageRole.DEPENDS or unit.package in relations.run_closure(member):
                continue
            labels = self.archs(member) if unit.label == ALL else self._labels_on(member, unit.arch)
            yield from (_edge(self.unit(member, Stage.DEPLOY, label), Place.DEPLOY) for label in labels)

    def _hosted(self, unit: Unit, relations: Relations) -> Iterator[_Need]:
        """Tools, and what these need, of the build machine's architecture; but for those that serve all anyway."""
        hosted = relations.hosted_closures.get(unit.package)
        if not hosted:
            return
        closure = relations.build_closures[unit.package]
        given = {entry.task for needed in closure for _, entry in self._to_install(needed, unit.arch)}
        for needed in hosted:
            yield from (need for need in self._to_install(needed, self.target.host_arch) if need[1].task not in given)

    def _to_install(self, needed: str, arch: str) -> tuple[_Need, ...]:
        """What the room of a build for `arch` gets of a package: one object for all rooms, as there are many."""
        needs = self.installed.get((needed, arch))
        if needs is None:
            labels = self._labels_on(needed, arch)
            needs = tuple(_edge(self.unit(needed, Stage.BUILD, label), Place.PACKAGES) for label in labels)
            self.installed[needed, arch] = needs
        return needs

    def _labels_on(self, needed: str, arch: str) -> tuple[str, ...]:
        """Under which label a task for `arch` finds what it needs: tools of a cross build are the host's."""
        if self.packages[needed].of_every_architecture(self.target.family):
            return (ALL,)
        if self.role(needed) is PackageRole.DEPENDS and self.crosses(arch):
            return (self.target.host_arch,)
        if not self.allowed(needed, arch):
            return ()
        # What all architectures share of a mixed source is made with the package of one of them.
        primary = self.primary(needed)
        return (arch, primary) if self.mixed(needed) and primary != arch != self.target.host_arch else (arch,)

    def mixed(self, name: str) -> bool:
        packaging = self.packages[name].packaging.get(self.target.family)
        return packaging is not None and packaging.mixed


def _edge(unit: Unit, place: Place) -> _Need:
    return unit, Input(task=unit.name, place=place)


def select(
    target: Target,
    packages: Mapping[str, Package],
    relations: Relations,
    request: Request,
    image_archs: Mapping[str, str],
) -> Selection:
    """The units that `request` asks for with all they need.

    `image_archs` maps every architecture of the target to that of the image it is built in: the host's where the
    family crosses, its own where it is emulated.
    """
    check_requested([target], packages, request.packages)
    selector = _Selector(target=target, packages=packages, relations=relations, image_archs=image_archs)
    built = [*target.packages, *target.metapackages]
    names = request.packages or (() if request.only_depends else built)
    needed = relations.needed(names)
    on_arch = {arch: frozenset(only.needed(names)) for arch, only in relations.by_arch.items()}
    stages = _wanted_stages(request)
    for name in needed:
        depends = selector.role(name) is PackageRole.DEPENDS and name not in request.packages
        labels = () if depends else selector.labels_asked(name)
        asked = stages - selector.held_back(name, request) if labels else stages
        for label in labels:
            if label not in on_arch or name in on_arch[label]:
                for stage in (each for each in _STAGES if each in asked):
                    selector.add(name, stage, label)
    if request.only_depends or not (request.packages or request.stages):
        for name in target.depends:
            for label in selector.archs(name):
                selector.add(name, Stage.BUILD, label)
    if request.packages and selector.notes and not {name.subject for name in selector.units} & {*request.packages}:
        raise UsageError("nothing to build: " + "; ".join(selector.notes))
    units = tuple(selector.units.values())
    _refuse_clashes({unit.package for unit in units}, relations, packages)
    return Selection(
        units=units,
        inputs=selector.inputs,
        after=_after(units, relations),
        tars=_tars(target, units) if _wants_tar(request) and not _has_apart(packages, request) else {},
        notes=(*selector.notes, *_held_notes(selector.held), *relations.notes),
    )


def _held_notes(held: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What to say of packages that are not deployed, by the reason."""
    for reason, names in held.items():
        yield f"not deployed, as {reason}: {', '.join(names)} (--deploy does it, --results DIRECTORY copies them)"


def _has_apart(packages: Mapping[str, Package], request: Request) -> bool:
    """Whether an archive that nobody asked for by name would hold such packages."""
    return Stage.TAR not in request.stages and any(package.apart for package in packages.values())


def _refuse_clashes(selected: Collection[str], relations: Relations, packages: Mapping[str, Package]) -> None:
    """See that no two of the packages build one of the same name.

    Raises:
        InputError: some do; it names all.

    """
    faults = tuple(
        Fault(message=f"{' and '.join(found)} both build the package {name}", location=where)
        for name, makers in relations.clashes.items()
        if len(found := [maker for maker in makers if maker in selected]) > 1
        for where in (Location(file=packages[found[-1]].directory),)
    )
    if faults:
        raise InputError(
            "one package would be built twice",
            faults=faults,
            hint="take one of them out of the lists of the target, or give the package another name",
        )


def _wanted_stages(request: Request) -> frozenset[Stage]:
    """What is asked for; an archive holds what the build stage made."""
    return request.stages.union({Stage.BUILD} if Stage.TAR in request.stages else ()) or frozenset(_STAGES)


def _wants_tar(request: Request) -> bool:
    return Stage.TAR in request.stages or not (request.stages or request.packages or request.only_depends)


def _after(units: Collection[Unit], relations: Relations) -> dict[TaskName, tuple[TaskName, ...]]:
    """Metapackages are built after all packages, but for one that needs the metapackage itself."""
    builds = [unit for unit in units if unit.stage is Stage.BUILD]
    members = [unit for unit in builds if unit.role is PackageRole.PACKAGE]
    after = {}
    for unit in builds:
        if unit.role is PackageRole.METAPACKAGE:
            waiting = _built_after(relations, unit.package)
            after[unit.name] = tuple(member.name for member in members if member.package not in waiting)
    return after


def _built_after(relations: Relations, package: str) -> set[str]:
    """Everything that is built with `package`, or with what is."""
    built: set[str] = set()
    next_built = {package}
    while next_built:
        next_built = {
            name for name, closure in relations.build_closures.items() if not next_built.isdisjoint(closure)
        } - built
        built |= next_built
    return built


def _tars(target: Target, units: Collection[Unit]) -> dict[str, tuple[TaskName, ...]]:
    """Architecture to the build units whose packages its archive holds."""
    return {
        arch: tuple(
            unit.name
            for unit in units
            if unit.stage is Stage.BUILD and unit.label in {arch, ALL} and unit.role is not PackageRole.DEPENDS
        )
        for arch in target.options.opt_build_arch
    }
