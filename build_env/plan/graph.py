"""Owns the last step of planning: units and what their hooks recorded become tasks with keys and edges.

A pure function of its arguments; it reads no file and calls no hook.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.model.action import DeployAction, File, ImageAction, ImageRecipe, Room, RoomAction, TarAction, Tree
from build_env.model.choices import ARCH, Choices
from build_env.model.identity import TaskName
from build_env.model.package import UNDATED, Package, Packaging
from build_env.model.task import Input, Place, Plan, Stage, Task
from build_env.plan.keys import deploy_inputs, image_inputs, room_inputs
from build_env.plan.layers import with_layers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from build_env.model.command import Mount, Record
    from build_env.model.target import Target
    from build_env.plan.select import Selection
    from build_env.plan.units import Unit

__all__ = [
    "NOT_FOR_ROOMS",
    "PlanFacts",
    "build_plan",
    "image_name",
    "image_task",
    "left_out",
    "order",
    "scan_plan",
    "union",
    "upstream_of",
]

# Names at the top of a package that say what it is; no room sees them.
NOT_FOR_ROOMS = ("build.yaml", "definition.yaml", "package.py")


@dataclass(frozen=True, kw_only=True)
class PlanFacts:
    """What was found out before: records by unit, images by unit and their recipes, digests of trees.

    `leave_out` are names at the top of a package that rooms must not see, other packaging among them. `upstream` are
    by package the files beside its tree, which its source stage gets.

    `build_closures` are by unit, too. `provided` maps every name that packages of the target provide to those
    packages. `rank` orders kinds of tasks in listings. `withheld` are packages of `DEPENDS` whose `run_deploy_deps`
    provides nothing; `architectures` all that the target is for, `tar_archs` those for which `run_tar_build` wants an
    archive. `source_choices` are those that source stages must know.
    """

    packages: Mapping[str, Package]
    records: Mapping[TaskName, Record]
    unit_images: Mapping[TaskName, str]
    recipes: Mapping[str, ImageRecipe]
    package_digests: Mapping[str, str]
    folder_digests: Mapping[str, str]
    build_closures: Mapping[TaskName, tuple[str, ...]]
    build_jobs: int
    rank: Callable[[str], float]
    leave_out: tuple[str, ...] = NOT_FOR_ROOMS
    upstream: Mapping[str, tuple[File, ...]] = field(default_factory=dict)
    provided: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mounts: Mapping[str, tuple[Mount, ...]] = field(default_factory=dict)
    withheld: frozenset[str] = frozenset()
    tar_archs: frozenset[str] = frozenset()
    architectures: tuple[str, ...] = ()
    source_choices: frozenset[str] = frozenset()


def build_plan(target: Target, selection: Selection, facts: PlanFacts) -> Plan:
    """The plan of `selection` for `target`; tasks whose hook recorded nothing are left out."""
    tasks: dict[TaskName, Task] = {}
    withheld = {unit.name for unit in selection.units if unit.package in facts.withheld}
    for unit in selection.units:
        inputs = selection.inputs[unit.name]
        if withheld:
            inputs = tuple(each for each in inputs if each.task not in withheld or each.place is not Place.PACKAGES)
        task = _task(target, unit, inputs, selection, facts)
        if task is not None:
            tasks[task.name] = task
    used = dict.fromkeys(image for unit, image in facts.unit_images.items() if unit in tasks)
    tasks |= {image.name: image for image in _image_tasks(target, {name: facts.recipes[name] for name in used})}
    for arch, units in selection.tars.items():
        if arch in facts.tar_archs:
            tar = _tar_task(target, arch, units)
            tasks[tar.name] = tar
    complete = with_layers(_without_gaps(tasks))
    return Plan(targets={target.name: target.options.arg_arch}, tasks=order(complete, facts.rank))


def upstream_of(package: Package, family: str) -> tuple[File, ...]:
    """The files that the source of the package is made of beside its tree; their digests are not known yet.

    Wherever a person keeps them, the room has them beside the package's directory.
    """
    packaging = package.packaging.get(family, Packaging())
    return tuple(
        File(
            path=posixpath.normpath(f"{package.directory}/{name}"),
            destination=f"src/{posixpath.basename(name)}",
            digest="",
        )
        for name in packaging.upstream
    )


def left_out(leave_out: tuple[str, ...], package: Package, family: str) -> tuple[str, ...]:
    """The names at the top of the package that are no part of its tree, `leave_out` with those of single files."""
    return (*leave_out, *(name for name in package.packaging.get(family, Packaging()).upstream if "/" not in name))


def union(plans: Iterable[Plan], rank: Callable[[str], float]) -> Plan:
    """One plan of all of them; tasks that have one name are one task, and where targets differ, labels name them.

    Edges may lead from the plan of one target into that of another; those that lead nowhere are dropped.
    """
    plans = tuple(plans)
    targets: dict[str, tuple[str, ...]] = {}
    tasks: dict[TaskName, Task] = {}
    for plan in plans:
        for name, architectures in plan.targets.items():
            targets[name] = tuple(dict.fromkeys((*targets.get(name, ()), *architectures)))
        for task in plan:
            tasks.setdefault(task.name, replace(task, among_targets=True) if len(plans) > 1 else task)
    whole = _without_gaps(tasks)
    if len(plans) == 1 and all(whole[name] is task for name, task in tasks.items()):
        return plans[0]
    return Plan(targets=targets, tasks=order(whole, rank), native=any(plan.native for plan in plans))


def image_name(target: Target, name: str) -> TaskName:
    """The task that makes the image called `name`."""
    return TaskName(target=target.name, subject=name, stage=Stage.IMAGE)


def image_task(target: Target, name: str, recipe: ImageRecipe) -> Task:
    """The task that makes the image called `name`."""
    suffix = name.removeprefix(target.slug).strip("-").replace("-", " ")
    return Task(
        name=image_name(target, name),
        title=f"{target.name} {suffix}".rstrip(),
        static_inputs=image_inputs(recipe),
        action=ImageAction(recipe=recipe),
    )


def _image_tasks(target: Target, recipes: Mapping[str, ImageRecipe]) -> Iterable[Task]:
    """The tasks that make images: of those with one base each follows the one before.

    The engine does steps that several of them begin with once, if they are not made side by side.
    """
    last: dict[tuple[str, str], TaskName] = {}
    for name, recipe in recipes.items():
        base = (recipe.build.base_image, recipe.architecture)
        image = image_task(target, name, recipe)
        yield replace(image, after=(last[base],)) if base in last else image
        last[base] = image.name


def scan_plan(  # noqa: PLR0913 - all that two tasks consist of
    target: Target,
    record: Record,
    trees: tuple[Tree, ...],
    arch: str,
    image_name: str,
    recipe: ImageRecipe,
    *,
    subject: str,
) -> Plan:
    """The small plan that comes before the real one: ask in a room what only a room may read, the `subject`."""
    image = image_task(target, image_name, recipe)
    room = Room(
        commands=record.commands,
        environment={
            "ARCH": arch,
            "BUILD_HOST_ARCH": recipe.architecture,
            "BUILD_STAGE": Stage.SCAN.value,
            "LC_ALL": "C.UTF-8",
            "SOURCE_DATE_EPOCH": "0",
            "TZ": "UTC",
        },
        trees=trees,
        platform=recipe.build.platform,
    )
    scan = Task(
        name=TaskName(target=target.name, subject="", stage=Stage.SCAN),
        title=f"{subject} of {target.name}",
        static_inputs=room_inputs(Stage.SCAN, room),
        inputs=(Input(task=image.name, place=Place.IMAGE),),
        action=RoomAction(room=room),
        printed=record.printed,
    )
    return Plan(targets={target.name: (arch,)}, tasks=(image, scan))


def _task(target: Target, unit: Unit, inputs: tuple[Input, ...], selection: Selection, facts: PlanFacts) -> Task | None:
    record = facts.records[unit.name]
    common = {
        "name": unit.name,
        "after": selection.after.get(unit.name, ()),
        "printed": record.printed,
        "choices": _choices(unit, facts).words,
    }
    if unit.stage is Stage.DEPLOY:
        if not record.deployments:
            return None
        deployment = replace(record.deployments[0], architectures=facts.architectures)
        covered = deploy_inputs(target.name, deployment)
        return Task(**common, inputs=inputs, action=DeployAction(deployment=deployment), static_inputs=covered)  # type: ignore[arg-type]  # kept in one dict
    if not record.commands:
        return None
    if unit.name in facts.unit_images:
        inputs = (Input(task=image_name(target, facts.unit_images[unit.name]), place=Place.IMAGE), *inputs)
    room = _room(target, unit, record, facts)
    return Task(
        **common,  # type: ignore[arg-type]  # kept in one dict
        inputs=inputs,
        static_inputs=room_inputs(unit.stage, room),
        action=_room_action(unit, room, facts),
    )


def _room_action(unit: Unit, room: Room, facts: PlanFacts) -> RoomAction:
    """Only of builds it is known what they may install: they have a closure."""
    closure = facts.build_closures.get(unit.name)
    if closure is None:
        return RoomAction(room=room)
    return RoomAction(room=room, provided=facts.provided, declared=(unit.package, *closure))


def _room(target: Target, unit: Unit, record: Record, facts: PlanFacts) -> Room:
    package = facts.packages[unit.package].on(unit.arch)
    packaging = package.packaging.get(target.family, Packaging())
    epoch = package.date(target.family) or UNDATED
    choices = _choices(unit, facts)
    trees = [
        Tree(
            path=package.directory,
            destination=f"src/{package.name}",
            digest=facts.package_digests[package.name],
            leave_out=left_out(facts.leave_out, package, target.family),
        )
    ]
    trees += [Tree(path=name, destination=name, digest=facts.folder_digests[name]) for name in record.folders]
    recipe = facts.recipes.get(facts.unit_images.get(unit.name, ""))
    return Room(
        commands=record.commands,
        environment={
            **_environment(unit, epoch, facts.build_jobs, shared=_shared(unit, choices, packaging)),
            **choices.variables(),
        },
        trees=tuple(trees),
        files=facts.upstream.get(unit.package, ()) if unit.stage is Stage.SOURCE else (),
        mounts=facts.mounts.get(unit.arch, ()),
        platform=recipe.build.platform if recipe else "",
        downloads=unit.stage is Stage.SOURCE,
        epoch=epoch,
        limits=package.limits,
        caches=package.caches,
    )


def _choices(unit: Unit, facts: PlanFacts) -> Choices:
    """What was chosen, as far as the task must know it."""
    choices = facts.packages[unit.package].on(unit.arch).choices
    if unit.stage is Stage.SOURCE:
        return choices.of(facts.source_choices)
    return choices if unit.stage is not Stage.VERIFY else Choices()


def _shared(unit: Unit, choices: Choices, packaging: Packaging) -> bool:
    """Whether the task makes the packages of every architecture, too."""
    return not packaging.mixed or (unit.primary and choices.only != ARCH)


def _environment(unit: Unit, epoch: int, build_jobs: int, *, shared: bool) -> dict[str, str]:
    """What every command of the unit finds, whatever the engine; paths are added by the engine.

    `shared` says that packages of every architecture are made here, too. It is no for a mixed source only: otherwise
    selecting another architecture beside this one would change the key.
    """
    return {
        "ARCH": unit.arch,
        "BUILD_ARCH_ALL": "1" if shared else "0",
        "BUILD_HOST_ARCH": unit.image_arch,
        "BUILD_JOBS": str(build_jobs),
        "BUILD_PACKAGE": unit.package,
        "BUILD_STAGE": unit.stage,
        "LC_ALL": "C.UTF-8",
        "SOURCE_DATE_EPOCH": str(epoch),
        "TZ": "UTC",
    }


def _tar_task(target: Target, arch: str, builds: Iterable[TaskName]) -> Task:
    return Task(
        name=TaskName(target=target.name, subject="", stage=Stage.TAR, architecture=arch),
        title=target.name,
        static_inputs=deploy_inputs(target.name, None),
        inputs=tuple(Input(task=build, place=Place.DEPLOY) for build in builds),
        action=TarAction(),
    )


def _without_gaps(tasks: dict[TaskName, Task]) -> dict[TaskName, Task]:
    """Drop edges to tasks that do not exist because their hook recorded nothing."""
    whole = {}
    for name, task in tasks.items():
        inputs = tuple([entry for entry in task.inputs if entry.task in tasks])
        after = tuple([other for other in task.after if other in tasks])
        gaps = len(inputs) < len(task.inputs) or len(after) < len(task.after)
        whole[name] = replace(task, inputs=inputs, after=after) if gaps else task
    return whole


def order(tasks: Mapping[TaskName, Task], rank: Callable[[str], float]) -> tuple[Task, ...]:
    """The tasks so that each follows what it needs of these; otherwise by the rank of their kinds, for listings."""
    done: dict[TaskName, Task] = {}
    for task in sorted(tasks.values(), key=lambda task: rank(task.stage)):
        # Not recursive: a chain of packages may be longer than Python's stack is deep.
        path = [] if task.name in done else [(task, iter(task.before))]
        while path:
            current, rest = path[-1]
            other = next((name for name in rest if name not in done and name in tasks), None)
            if other is None:
                done[current.name] = current
                path.pop()
            else:
                path.append((tasks[other], iter(tasks[other].before)))
    return tuple(done.values())
