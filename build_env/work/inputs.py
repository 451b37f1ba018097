"""Owns what of a task's inputs appears in its room: earlier artifacts by place, and the per-task view of packages.

The view holds exactly the packages that the build needs and what these need of ours, so that an unrelated package of
the same source cannot change the installed set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, InputError, Location
from build_env.core.texts import read_text
from build_env.formats.registry import formats, of_dependency_set
from build_env.model.action import LayerAction, RoomAction
from build_env.model.room import RoomEntry
from build_env.model.task import Place
from build_env.plan.binaries import Context, counts
from build_env.plan.keys import INSTALLED
from build_env.work.installed import needed_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from build_env.formats.format import Format
    from build_env.model.artifact import Artifact
    from build_env.model.package import Need
    from build_env.model.task import Task
    from build_env.model.work import ResolvedInput, Work
    from build_env.ports import Store

__all__ = ["is_dependency_set", "layer_inputs", "refuse_damaged", "refuse_undeclared", "room_inputs", "view"]


_MOST_NEEDS = 256 << 10  # bytes of a list of build dependencies; real ones have a tenth
_PACKAGES, _ALTERNATIVES = "packages", "alternatives"  # below in/


def room_inputs(work: Work, store: Store) -> tuple[RoomEntry, ...]:
    """The entries below `in/` for the task's own room."""
    own = {
        f"{entry.place.value}/{item.name}": item
        for entry in work.inputs
        if entry.place in {Place.SOURCE, Place.BUILD} and not isinstance(work.task.action, LayerAction)
        for item in entry.artifacts
    }
    return (*_entries(own.items()), *layer_inputs(work, store))


def layer_inputs(work: Work, store: Store) -> tuple[RoomEntry, ...]:
    """What the install commands see below `in/`: the dependency set and the built packages of the view."""
    if not isinstance(work.task.action, RoomAction) or not work.task.action.installs_own:
        return ()
    sets = {item.name: item for item in _at(work.inputs, Place.SOURCE) if is_dependency_set(item.name)}
    named = [(f"dependencies/{name}", item) for name, item in sets.items()]
    seen = view(work.task, work.inputs, store)
    return _entries([*named, *((f"{folder}/{item.name}", item) for item, folder in seen.items())])


def _entries(named: Iterable[tuple[str, Artifact]]) -> tuple[RoomEntry, ...]:
    return tuple(RoomEntry(digest=item.digest, destination=f"in/{name}") for name, item in named)


def is_dependency_set(name: str) -> bool:
    """Whether an artifact of a source stage is the set of build dependencies."""
    return of_dependency_set(name) is not None


def _at(inputs: Iterable[ResolvedInput], place: Place) -> Iterator[Artifact]:
    return (item for entry in inputs if entry.place is place for item in entry.artifacts)


def view(task: Task, inputs: Collection[ResolvedInput], store: Store) -> dict[Artifact, str]:
    """The built packages that the build may install, by what they say of themselves, and the folder for each.

    All that the plan gives where there is no list of build dependencies, where their format cannot read it, and where
    a package cannot be read here. What only a later alternative names is apart.
    """
    offered = [item for item in _at(inputs, Place.PACKAGES) if any(each.is_installed(item.name) for each in formats())]
    source_format, build_depends = _build_depends(inputs, store)
    if (
        source_format is None
        or source_format.package_facts is None
        or not all(source_format.is_installed(item.name) for item in offered)
    ):
        return dict.fromkeys(offered, _PACKAGES)
    facts = {item: source_format.package_facts(store.path(item)) for item in offered}
    readable = {item: fact for item, fact in facts.items() if fact is not None}
    if len(readable) < len(facts):
        return dict.fromkeys(offered, _PACKAGES)
    needed, instead = needed_of(build_depends, readable, context_of(task, source_format))
    return {
        item: _PACKAGES if item in needed else _ALTERNATIVES for item in offered if item in needed or item in instead
    }


def context_of(task: Task, source_format: Format) -> Context:
    """What conditions of needs are asked for in the room of the task."""
    room = task.room
    arch = room.environment.get("ARCH", "") if room else ""
    build_arch = room.environment.get("BUILD_HOST_ARCH", arch) if room else ""
    profiles = source_format.cross_profiles if arch != build_arch else frozenset[str]()
    chosen = room.environment.get("BUILD_PROFILES", "").split() if room else ()
    return Context(arch=arch, build_arch=build_arch, profiles=profiles.union(chosen))


def _build_depends(inputs: Iterable[ResolvedInput], store: Store) -> tuple[Format | None, tuple[Need, ...]]:
    """The format of the source and its list of build dependencies; no format where none can be read."""
    for item in reversed(list(_at(inputs, Place.SOURCE))):  # the last one asked knows most
        source_format = of_dependency_set(item.name)
        if source_format is not None and source_format.build_depends is not None:
            return source_format, source_format.build_depends(read_text(store.path(item), item.name, most=_MOST_NEEDS))
    return None, ()


def refuse_undeclared(task: Task, inputs: Collection[ResolvedInput], store: Store) -> None:
    """See that a fetched source needs no package of ours that the plan has no edge to.

    Raises:
        InputError: when it does.
    """
    action = task.action
    if not isinstance(action, RoomAction) or not (action.provided and action.declared):
        return
    source_format, needs = _build_depends(inputs, store)
    if source_format is None:
        return
    context = context_of(task, source_format)
    for need in needs:
        # A later alternative may come from the distribution.
        name = next((wanted.name for wanted in need if counts(wanted, context)), "")
        makers = [maker for maker in action.provided.get(name, ()) if maker not in action.declared]
        if makers:
            raise InputError(
                f"the source of {action.declared[0]} needs {name}, which {makers[-1]} builds, and nothing says so "
                "before it is fetched",
                location=Location(file=f"src/{action.declared[0]}/definition.yaml"),
                hint=f"add the line `requires: [{makers[-1]}]`",
            )


def refuse_damaged(inputs: Iterable[ResolvedInput], store: Store) -> None:
    """The last look before bytes are used.

    Raises:
        EnvironmentNotReady: when an input was damaged since it was a hit.
    """
    for entry in inputs:
        for item in entry.artifacts:
            if entry.place is Place.LAYER and item.name != INSTALLED:
                continue  # only needed should the layer be lost
            fault = store.fault(item)
            if fault:
                raise EnvironmentNotReady(
                    f"{item.name}, which {entry.task} made, {fault}",
                    hint="run the same command again: it is made anew; if it happens again, look at the disk",
                )
