"""Owns listing and removing what a project has in the engine: images that carry its label, rooms of failed tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.engines.docker import LABEL
from build_env.model.garbage import EngineImage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from build_env.engines.docker import Connection

__all__ = ["failed_containers", "own_images", "remove_names"]

_NAMELESS = "<none>:<none>"
_NO_IMAGE, _IN_USE = 404, 409
_STAND_IN = "/stand-in:"


def own_images(connection: Connection, project: str) -> list[EngineImage]:
    """The images that this checkout made and that no container uses. Stand-ins are bases, and stay."""
    with connection.errors("listing images"):
        found = connection.api.images(all=True)
        used = {item["ImageID"] for item in connection.api.containers(all=True)}
    sizes = {item["Id"]: int(item["Size"]) for item in found}
    parents = {item["ParentId"] for item in found}
    own = []
    for item in found:
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
    """Take these tags or identifiers from the engine; what is gone, or in use by now, is left alone."""
    import docker.errors  # noqa: PLC0415 - costs 100 ms

    for name in names:
        with connection.errors(f"removing the image {name}"):
            try:
                connection.api.remove_image(name)
            except docker.errors.APIError as error:
                if error.status_code not in {_NO_IMAGE, _IN_USE}:
                    raise


def failed_containers(connection: Connection, project: str) -> list[tuple[str, str, float]]:
    """The rooms of failed tasks: id, name, when it was made; the newest first."""
    found = [
        (str(item["Id"]), str(name).removeprefix("/"), float(item["Created"]))
        for item in connection.containers(project=project, role="room")
        for name in item["Names"] or ()
        if "-failed-" in name and item["State"] != "running"
    ]
    return sorted(found, key=lambda room: -room[2])


def _tags(tags: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(tag for tag in tags or () if tag != _NAMELESS)
