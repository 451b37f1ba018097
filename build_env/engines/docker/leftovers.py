"""Owns what a project has in the engine beyond a run: rooms of failed tasks, what killed runs left, unused images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build_env.engines.docker.client import REFUSED
from build_env.engines.docker.connection import LABEL
from build_env.model.garbage import EngineImage
from build_env.model.identity import TaskName

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from build_env.engines.docker.connection import Connection

__all__ = [
    "BUILDER",
    "KEPT_FAILURES",
    "FailedRoom",
    "drop_failed",
    "failed_name",
    "failed_rooms",
    "own_images",
    "remove_names",
    "sweep",
]

KEPT_FAILURES = 3  # of how many tasks the room is kept in which they failed last

BUILDER = "image"  # the role of containers in which an image is built or looked at
_FAILED = f"{LABEL}-failed-"
_NAMELESS = "<none>:<none>"
_NO_IMAGE, _IN_USE = 404, 409
_STAND_IN = "/stand-in:"


@dataclass(frozen=True, kw_only=True)
class FailedRoom:
    """A stopped container that a failed task left: the task, when it failed in seconds of the epoch.

    `key` is that of the task, `command` the number of the command that failed (0: unknown), `architectures` those
    that the run was for.
    """

    container: str
    name: str
    task: TaskName
    created: int
    key: str = ""
    command: int = 0
    architectures: tuple[str, ...] = ()


def failed_name(identifier: str, command: int) -> str:
    """The name of the kept room of a failed task: that it is one, and the number of the command that failed."""
    return f"{_FAILED}{identifier}.{command}"


def failed_rooms(connection: Connection, project: str) -> list[FailedRoom]:
    """The rooms that failed tasks of this checkout left, newest first. Raises InfrastructureError."""
    rooms = [
        _failed_room(item, name.removeprefix("/"))
        for item in connection.containers(project=project, role="room")
        for name in item["Names"] or ()
        if _FAILED in name and item["State"] != "running"
    ]
    return sorted(rooms, key=lambda room: -room.created)


def drop_failed(connection: Connection, project: str, *, most: int, good: Collection[TaskName] = ()) -> None:
    """Of the rooms of failed tasks keep the newest of each of the last `most` tasks, and none of tasks that are `good`.

    A task that has come out well since leaves nobody anything to look into, and two rooms to choose from. Raises
    InfrastructureError.
    """
    kept: set[TaskName] = set()
    for room in failed_rooms(connection, project):
        if room.task in good or room.task in kept or len(kept) == most:
            connection.remove(room.container)
        else:
            kept.add(room.task)


def _failed_room(item: Mapping[str, Any], name: str) -> FailedRoom:
    labels: Mapping[str, str] = item["Labels"]
    number = name.rpartition(".")[2]
    return FailedRoom(
        container=item["Id"],
        name=name,
        task=TaskName(*(labels.get(f"{LABEL}.{part}", "") for part in TaskName._fields)),
        created=int(item["Created"]),
        key=labels.get(f"{LABEL}.key", ""),
        command=int(number) if number.isdecimal() else 0,
        architectures=tuple(filter(None, labels.get(f"{LABEL}.architectures", "").split(","))),
    )


def sweep(connection: Connection, project: str, alive: Callable[[str], bool]) -> int:
    """Remove rooms of runs that are not `alive`; failed rooms that are kept, and reused ones, stay. How many went.

    This is what makes it safe to give an engine up that does not answer. Raises InfrastructureError.
    """
    dead = [
        item
        for role in ("room", "layer", BUILDER)
        for item in connection.containers(project=project, role=role)
        if not any(_FAILED in name for name in item["Names"] or ())
        and not alive(item["Labels"].get(f"{LABEL}.run", ""))
    ]
    for item in dead:
        connection.remove(item["Id"])
    return len(dead)


def own_images(connection: Connection, project: str) -> list[EngineImage]:
    """The images that this checkout made and that no container uses. Stand-ins are bases, and stay.

    Raises InfrastructureError.
    """
    with connection.errors("listing images"):
        images = connection.api.images(all=True)
    used = {item["ImageID"] for item in connection.containers()}
    sizes = {item["Id"]: int(item["Size"]) for item in images}
    parents = {item["ParentId"] for item in images}
    own = []
    for item in images:
        labels, tags = item["Labels"] or {}, _tags(item["RepoTags"])
        if labels.get(f"{LABEL}.project") != project or item["Id"] in used or any(_STAND_IN in tag for tag in tags):
            continue
        if not tags and item["Id"] in parents:  # a step on the way to an image that has a name
            continue
        own.append(
            EngineImage(
                identifier=item["Id"],
                tags=tags,
                role=labels.get(f"{LABEL}.role", ""),
                created=float(item["Created"]),
                size=max(0, int(item["Size"]) - sizes.get(item["ParentId"], 0)),
            )
        )
    return own


def remove_names(connection: Connection, names: Iterable[str]) -> None:
    """Take these tags or identifiers from the engine; what is gone, or in use by now, is left alone.

    Raises InfrastructureError.
    """
    for name in names:
        with connection.errors(f"removing the image {name}"):
            try:
                connection.api.remove_image(name)
            except REFUSED as error:
                if error.status_code not in {_NO_IMAGE, _IN_USE}:
                    raise


def _tags(tags: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(tag for tag in tags or () if tag != _NAMELESS)
