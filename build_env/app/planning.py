"""Owns the way from a request to a plan: load the target, read packages, ask the hooks, hand all facts to `plan`."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from build_env.app.further import reading_of, repositories_of_target, with_refused_repositories
from build_env.app.images import ImagePlanner, platform_architecture
from build_env.app.scripts import refuse_carriage_returns
from build_env.core.bounds import ALLOW
from build_env.core.canonical import digest_file
from build_env.core.errors import Fault, HookError, InputError, Location
from build_env.core.machine import MACHINE_TO_DEBIAN, names_of_architectures
from build_env.core.suggest import did_you_mean, mistyped
from build_env.core.visible import listed, visible_name
from build_env.formats.registry import find_format, formats
from build_env.model.action import ImageAction, Tree
from build_env.model.command import Mount
from build_env.model.identity import TaskName
from build_env.model.package import Packaging
from build_env.model.target import LISTS, Options, Target
from build_env.model.task import Stage
from build_env.packages.built import with_built
from build_env.packages.definitions import Purpose
from build_env.packages.read import read_packages
from build_env.plan.binaries import Context
from build_env.plan.choices import whole_where_needed, with_choices, with_profiles
from build_env.plan.graph import NOT_FOR_ROOMS, PlanFacts, build_plan, left_out, order, scan_plan, upstream_of
from build_env.plan.relations import relate, without_unknown
from build_env.plan.select import Request, select
from build_env.plan.units import ALL, hook_of
from build_env.targets.lists import lists_of
from build_env.targets.load import load_target
from build_env.targets.record import Env, call_hook
from build_env.work.registry import kinds, rank

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.formats.format import Format, PackageFacts
    from build_env.model.action import ImageRecipe
    from build_env.model.command import Record
    from build_env.model.package import Package
    from build_env.model.task import Plan
    from build_env.plan.relations import Relations
    from build_env.plan.select import Selection
    from build_env.targets.load import LoadedTarget

__all__ = ["Planned", "Planner"]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A plan, and what a person should be told about it."""

    plan: Plan
    notes: tuple[str, ...] = ()

    @property
    def recipes(self) -> dict[TaskName, ImageRecipe]:
        """What the images of the plan are made from."""
        return {task.name: task.action.recipe for task in self.plan if isinstance(task.action, ImageAction)}


@dataclass
class Planner:
    """Plans for one target. `native` plans for this machine itself: no images, every task on the host.

    `built` answers what the packages that a task made last say of themselves.
    """

    project: Project
    target_name: str
    architectures: tuple[str, ...]
    native: bool
    base_identity: Callable[[str, str], str]
    digest_tree: Callable[..., str]
    digest_file: Callable[[Path], str] = digest_file
    built: Callable[[TaskName, Format], Iterable[PackageFacts]] = lambda _task, _format: ()
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Load the target and everything it says of itself."""
        self.loaded: LoadedTarget = load_target(self.project.paths, self.target_name)
        archs = self.architectures or (self.project.host.architecture,)
        self.options = self._load_options(Options.of(archs))
        architectures = tuple(dict.fromkeys((*self._all_archs(), self.project.host.architecture)))
        outside = self.project.settings.outside
        purpose = Purpose(target=self.target_name, architectures=architectures, outside=outside)
        self.format = find_format(str(self.loaded.variables.get("FAMILY", "")))
        self.repositories = repositories_of_target(self.loaded, self.format, outside)
        read = read_packages(self.project.paths, purpose)
        self.packages = with_refused_repositories(read, self.target_name, self.format)
        self._check_lists()
        self._check_architectures()
        self.image_archs = {
            arch: self.project.host.architecture if self.native else platform_architecture(self._recorder(arch))
            for arch in architectures
        }
        self.images = self._new_images()
        self.target = Target(
            name=self.target_name,
            directory=f"targets/{self.target_name}",
            family=str(self.loaded.variables.get("FAMILY", "")),
            options=self.options,
            host_arch=self.project.host.architecture,
            **lists_of(self.loaded, self.packages),
            variables=self.loaded.variables,
        )

    def _new_images(self) -> ImagePlanner:
        """For one plan: a base that was not there may have been made for the plan before."""
        return ImagePlanner(
            recorder=self._recorder,
            base_identity=self.base_identity,
            digest_tree=self.digest_tree,
            reading=reading_of(self.loaded, self.format),
            repositories=self.repositories,
        )

    def scan(self, request: Request) -> Planned | None:
        """The plan that reads for `request` what only a room may read; None when the family has nothing of the kind."""
        if self.format is None or self.format.scan is None or self.native:
            return None
        if self.format.scan.of_pins:
            return self._pins()
        self.images = self._new_images()
        name, chosen = self.format.name, self._chosen(self.packages, request)
        packages = tuple(package for each in self._listed() if name in (package := chosen[each]).packaging)
        if not packages:
            return None
        images = {arch: image for arch, image in self.image_archs.items() if arch in self.options.arg_arch}
        arch = next(
            (arch for arch, image in images.items() if image == self.project.host.architecture), next(iter(images))
        )
        record = self.recorded(arch, "run_scan", packages)
        if not record.commands:
            return None
        image = self.images.name(arch, record.commands[0].kind)
        trees = [self._packaging_tree(package, package.packaging[name].directory) for package in packages]
        trees += [self._tree(folder, folder) for folder in record.folders]
        recipe = self.images.recipes[image]
        subject = self.format.scan.subject
        plan = scan_plan(self.target, record, tuple(trees), arch, image, recipe, subject=subject)
        return Planned(plan=plan)

    def scan_environment(self, package: Package) -> Mapping[str, str]:
        """The variables with which the packaging of the package is read in a room."""
        record = self.recorded(self.options.arg_arch[0], "run_scan", (package,))
        return record.commands[0].environment if record.commands else {}

    def _built(self, package: str) -> Iterable[PackageFacts]:
        """What the packages of `package` that were built last, for whatever architecture, say of themselves."""
        for arch in (*self.image_archs, ALL):
            name = TaskName(target=self.target.name, subject=package, stage=Stage.BUILD, architecture=arch)
            yield from self.built(name, self.format) if self.format else ()

    def _listed(self) -> tuple[str, ...]:
        return (*self.target.packages, *self.target.depends, *self.target.metapackages)

    def _pins(self) -> Planned | None:
        """The source stages of what comes from the distribution's archive: tasks that the real plan has, too."""
        pins = tuple(name for name in self._listed() if self.target.name in self.packages[name].archive)
        if not pins:
            return None
        planned = self.plan(Request(packages=pins, stages=frozenset({Stage.SOURCE})), None)
        # Of what they need nothing counts here.
        own = tuple(task for task in planned.plan if isinstance(task.action, ImageAction) or task.name.subject in pins)
        return replace(planned, plan=replace(planned.plan, tasks=own))

    def plan(self, request: Request, spec_report: str | None) -> Planned:
        """The plan of `request`; `spec_report` is what the scan found, None where it is not known yet."""
        self.images = self._new_images()
        packages: Mapping[str, Package] = self.packages
        if spec_report is not None and self.format and self.format.scan:
            packages = self.format.scan.read(packages, spec_report, self.target_name)
        target = self.target
        packages = with_built(packages, target.listed, target.family, self._built)
        packages = without_unknown(packages, target.listed, target.family)
        packages = with_profiles(self._chosen(packages, request), target.family)
        contexts = self._contexts()
        relations = relate(packages, target.listed, target.family, contexts, target.depends, request.packages)
        packages = whole_where_needed(packages, relations, request.packages or target.listed)
        selection = select(target, packages, relations, request, self.image_archs)
        unusable = self._refuse_unusable(packages, {unit.package for unit in selection.units})
        records = {
            unit.name: self.recorded(unit.arch, hook_of(unit), packages[unit.package].on(unit.arch))
            for unit in selection.units
        }
        refuse_carriage_returns(self.project.paths.root, packages, records.values())
        unit_images = {} if self.native else self._unit_images(selection, records, packages)
        plan = build_plan(self.target, selection, self._facts(packages, relations, selection, records, unit_images))
        plan = replace(self._with_others(plan), native=self.native)
        undated = self._undated(packages, selection)
        notes = dict.fromkeys((*self.loaded.printed, *self.notes, *selection.notes, *unusable, *undated))
        return Planned(plan=plan, notes=tuple(notes))

    def _chosen(self, packages: Mapping[str, Package], request: Request) -> Mapping[str, Package]:
        """The packages with what is chosen about their builds."""
        names = request.packages or self.target.listed
        return with_choices(packages, request.choices, names, self.format.choices if self.format else ())

    def _refuse_unusable(self, packages: Mapping[str, Package], needed: Collection[str]) -> list[str]:
        """What to say of packages that cannot be used and are not needed.

        Raises:
            InputError: one of those that are needed cannot be used.

        """
        family = self.target.family
        faults = {name: package.faults_for(family) for name, package in packages.items()}
        wrong = [fault for name in sorted(needed) for fault in faults[name]]
        if wrong:
            raise InputError("packages of src/ cannot be used", faults=tuple(wrong))
        return [
            f"{visible_name(packages[name].directory)} cannot be used, and is not needed: {found[0]}"
            for name, found in sorted(faults.items())
            if found
        ]

    def _undated(self, packages: Mapping[str, Package], selection: Selection) -> list[str]:
        """What to say of packages whose date is not known."""
        found = {unit.package: packages[unit.package].on(unit.arch) for unit in selection.units}
        names = [
            name
            for name, package in sorted(found.items())
            if not package.date(self.target.family)
            and self.target.name not in package.archive
            and not package.packaging.get(self.target.family, Packaging()).source
        ]
        if not names:
            return []
        return [f"dated 1980, as neither a changelog nor `date` in definition.yaml says when: {listed(names)}"]

    def _contexts(self) -> dict[str, Context]:
        """What conditions of needs are asked for, by architecture."""
        host, crossing = self.target.host_arch, self.format.cross_profiles if self.format else frozenset[str]()
        return {
            arch: Context(arch=arch, build_arch=image, profiles=crossing if image == host != arch else frozenset())
            for arch, image in self.image_archs.items()
        }

    def _with_others(self, plan: Plan) -> Plan:
        """With the tasks that kinds add to what hooks recorded."""
        tasks = {task.name: task for task in plan}
        for kind in kinds():
            tasks |= {task.name: task for task in kind.planned(self.target, tasks)}
        return plan if len(tasks) == len(plan) else replace(plan, tasks=order(tasks, rank))

    def _facts(
        self,
        packages: Mapping[str, Package],
        relations: Relations,
        selection: Selection,
        records: Mapping[TaskName, Record],
        unit_images: Mapping[TaskName, str],
    ) -> PlanFacts:
        names = {unit.package for unit in selection.units}
        folders = {folder for record in records.values() for folder in record.folders}
        archs = {unit.arch for unit in selection.units}
        others = (place for other in formats() if other != self.format for place in other.packaging)
        leave_out = (*NOT_FOR_ROOMS, *others)
        family, root = self.target.family, self.project.paths.root
        upstream = {name: upstream_of(packages[name], family) for name in names}
        return PlanFacts(
            packages=packages,
            leave_out=leave_out,
            records=records,
            unit_images=unit_images,
            recipes=self.images.recipes,
            package_digests={
                name: self.digest_tree(root / packages[name].directory, left_out(leave_out, packages[name], family))
                for name in names
            },
            upstream={
                name: tuple(replace(file, digest=self._file_digest(file.path)) for file in files)
                for name, files in upstream.items()
            },
            folder_digests={folder: self.digest_tree(root / folder) for folder in folders},
            build_closures={
                unit.name: relations.on(unit.arch).everything_for(unit.package)
                for unit in selection.units
                if unit.stage is Stage.BUILD
            },
            build_jobs=self.project.settings.build_jobs,
            rank=rank,
            provided=self._provided(packages),
            mounts={arch: self._mounts(arch) for arch in archs},
            withheld=frozenset(name for name in self.target.depends if not self._provides(packages[name])),
            source_choices=self.format.source_choices if self.format else frozenset(),
            architectures=self.project.supported(self.target_name, tuple(sorted({*MACHINE_TO_DEBIAN.values()}))),
            tar_archs=frozenset(arch for arch in selection.tars if self.recorded(arch, "run_tar_build").tar),
        )

    def _file_digest(self, name: str) -> str:
        """The digest of a file that a package consists of besides its tree.

        Raises:
            InputError: it is not of the project.

        """
        path = self.project.paths.root / name
        if not self.project.trees.bounds.allow(real := os.path.realpath(path)):
            raise InputError(f"leads out of the project, to {real}", location=Location(file=name), hint=ALLOW)
        return self.digest_file(path)

    def _unit_images(
        self, selection: Selection, records: Mapping[TaskName, Record], packages: Mapping[str, Package]
    ) -> dict[TaskName, str]:
        """The image of each unit; builds alone install from the further repositories of their package."""
        images = {}
        for unit in selection.units:
            repositories = packages[unit.package].on(unit.arch).repositories.get(self.target.name, ())
            more = repositories if unit.stage is Stage.BUILD else ()
            if records[unit.name].commands:
                images[unit.name] = self.images.name(unit.arch, records[unit.name].commands[0].kind, more)
        return images

    def _recorder(self, arch: str) -> Env:
        return Env(
            loaded=self.loaded,
            host=self.project.host,
            options=self.options,
            arch=arch,
            settings=self.project.settings,
            environ=self.project.environ,
        )

    def recorded(self, arch: str, hook: str, *arguments: object) -> Record:
        """What a hook records for an architecture."""
        return call_hook(self._recorder(arch), hook, *arguments)[1]

    def _load_options(self, options: Options) -> Options:
        for hook in ("env_load", "env_load_post"):
            self.options = options
            answer, record = call_hook(self._recorder(options.arg_arch[0]), hook)
            self.notes += record.printed
            if answer is not None and not isinstance(answer, Options):
                raise HookError(f"{hook} of {self.loaded.file} must return options, not {type(answer).__name__}")
            options = answer or options
        empty = [name for name, archs in vars(options).items() if not archs]
        if empty:
            raise HookError(f"the options of {self.loaded.file} name no architecture: {', '.join(empty)}")
        return options

    def _all_archs(self) -> tuple[str, ...]:
        options = self.options
        return (*options.arg_arch, *options.opt_build_arch, *options.opt_meta_arch, *options.opt_deps_arch)

    def _check_architectures(self) -> None:
        for arch in dict.fromkeys(self._all_archs()):
            supported, _ = call_hook(self._recorder(arch), "env_arch_supported", arch)
            if not supported:
                known = self.project.supported(self.target_name, tuple(MACHINE_TO_DEBIAN.values()))
                raise mistyped(
                    f"the target {self.target_name} does not support the architecture {arch}",
                    arch,
                    names_of_architectures(known),
                    hint=f"env_arch_supported in {self.loaded.file} decides what it takes; see build-env list targets",
                )

    def _check_lists(self) -> None:
        messages = [
            f"{variable} names {name}, which is no package of src/{did_you_mean(name, self.packages)}"
            for variable in LISTS
            for name in self.loaded.names(variable)
            if name not in self.packages
        ]
        lists: dict[str, list[str]] = {}
        for variable in LISTS:
            for name in dict.fromkeys(self.loaded.names(variable)):
                lists.setdefault(name, []).append(variable)
        messages += [f"{name} stands in {' and in '.join(among)}" for name, among in lists.items() if len(among) > 1]
        if messages:
            location = Location(file=self.loaded.file)
            faults = tuple(Fault(message=message, location=location) for message in messages)
            raise InputError(f"{self.loaded.file} cannot be used", faults=faults)

    def _provided(self, packages: Mapping[str, Package]) -> dict[str, tuple[str, ...]]:
        """Every name that only packages of the target bear, with those that do."""
        target = self.target
        providers: dict[str, tuple[str, ...]] = {}
        for package in dict.fromkeys(self._listed()):
            for name in sorted(packages[package].own_names(target.family)):
                providers[name] = (*providers.get(name, ()), package)
        return providers

    def _mounts(self, arch: str) -> tuple[Mount, ...]:
        answer, _ = call_hook(self._recorder(arch), "env_load_docker")
        mounts = tuple(answer) if isinstance(answer, list | tuple) else (answer,) if answer else ()
        if not all(isinstance(mount, Mount) for mount in mounts):
            raise HookError(f"env_load_docker of {self.loaded.file} must return mounts, not {answer!r}")
        return cast("tuple[Mount, ...]", mounts)

    def _provides(self, package: Package) -> bool:
        arch = self.options.opt_deps_arch[0]
        return self.recorded(arch, "run_deploy_deps", package.on(arch)).provides

    def _packaging_tree(self, package: Package, place: str) -> Tree:
        return self._tree(
            posixpath.normpath(f"{package.directory}/{place}"), posixpath.normpath(f"src/{package.name}/{place}")
        )

    def _tree(self, path: str, destination: str) -> Tree:
        return Tree(path=path, destination=destination, digest=self.digest_tree(self.project.paths.root / path))
