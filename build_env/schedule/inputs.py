"""Owns what of a task's inputs appears in its room: earlier artifacts by place, and the per-task view of built packages.

The view holds exactly the packages the build needs and what these need of ours, so that an unrelated package of the
same source cannot change the installed set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import InputError, Location
from build_env.model.task import Place, Stage
from build_env.packages.debian import build_depends_of
from build_env.ports import RoomEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.model.artifact import Artifact
    from build_env.ports import Store, Work

__all__ = ["dependency_files", "refuse_undeclared", "room_inputs"]

_PACKAGES = (".deb", ".rpm")
_NOT_INSTALLED = ("-dbgsym_", "-debuginfo-", "-debugsource-", ".src.rpm", ".udeb", ".ddeb")
_BUILD_DEPENDS = "build-depends."


def room_inputs(work: Work, store: Store) -> tuple[RoomEntry, ...]:
    """The entries below `in/` for the task's own room."""
    entries = [
        RoomEntry(source=store.path(item), destination=f"in/{entry.place.value}/{item.name}")
        for entry in work.inputs
        if entry.place in {Place.SOURCE, Place.BUILD}
        for item in entry.artifacts
    ]
    files = [RoomEntry(source=store.path(item), destination=f"in/{name}") for name, item in dependency_files(work)]
    return (*entries, *files) if work.task.stage is Stage.BUILD else tuple(entries)


def dependency_files(work: Work) -> tuple[tuple[str, Artifact], ...]:
    """What the install commands see below `in/`: the dependency set and the built packages of the view."""
    if work.task.stage is not Stage.BUILD:
        return ()
    sets = [
        (f"dependencies/{item.name}", item)
        for entry in work.inputs
        if entry.place is Place.SOURCE
        for item in entry.artifacts
        if item.name.startswith(_BUILD_DEPENDS)
    ]
    return (*sets, *((f"packages/{item.name}", item) for item in _view(work)))


def _view(work: Work) -> Iterator[Artifact]:
    for entry in work.inputs:
        if entry.place is Place.PACKAGES:
            for item in entry.artifacts:
                if item.name.endswith(_PACKAGES) and not any(part in item.name for part in _NOT_INSTALLED):
                    yield item


def refuse_undeclared(work: Work, store: Store) -> None:
    """Raises InputError when a fetched source needs a package of ours that the plan has no edge to."""
    from debian.deb822 import Deb822  # noqa: PLC0415 - only builds pay for it

    if not work.task.undeclared:
        return
    for entry in work.inputs:
        for item in entry.artifacts if entry.place is Place.SOURCE else ():
            if item.name == f"{_BUILD_DEPENDS}dsc":
                paragraph = Deb822(store.path(item).read_text(encoding="utf-8"))
                for name in build_depends_of(dict(paragraph)):
                    if name in work.task.undeclared:
                        _refuse(work, name)


def _refuse(work: Work, name: str) -> None:
    subject, provider = work.task.subject, work.task.undeclared[name]
    raise InputError(
        f"the source of {subject} needs {name}, which {provider} builds, and nothing says so before it is fetched",
        location=Location(file=f"src/{subject}/definition.yaml"),
        hint=f"add the line `requires: [{provider}]`",
    )
