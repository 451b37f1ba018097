"""Owns rooms for a person to look around in: fresh ones, the kept ones, and the removal of those left behind.

Nothing done in a fresh one stays. They are labelled with the process they are for, so that the next visit finds
those whose process is gone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import InfrastructureError
from build_env.core.machine import builder_id
from build_env.engines.docker.connection import LABEL
from build_env.engines.docker.console import Inside
from build_env.engines.docker.containers import BRIDGE, IDLE, Container, create
from build_env.engines.docker.kept import KeptRooms
from build_env.engines.layout import BUILD_ROOT, HOST_NAME
from build_env.engines.staging import pack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.engines.docker.connection import Connection
    from build_env.model.room import RoomSpec

__all__ = ["VISIT", "sweep_visits", "visit_labels", "visited"]

VISIT = "shell"  # the role of such rooms


def visit_labels(project: str) -> dict[str, str]:
    """What marks the rooms of this process."""
    return {"project": project, "role": VISIT, "process": str(os.getpid())}


@contextlib.contextmanager
def visited(connection: Connection, spec: RoomSpec) -> Iterator[Inside]:
    """The room of `spec`, running: the kept one that its name says, else a fresh one. Raises InfrastructureError."""
    with _kept(connection, spec) if spec.name else _fresh(connection, spec) as container:
        yield Inside(
            connection=connection,
            container=container,
            user=":".join(map(str, builder_id())),
            directory=BUILD_ROOT,
            environment=spec.environment,
        )


@contextlib.contextmanager
def _fresh(connection: Connection, spec: RoomSpec) -> Iterator[str]:
    idle = Container(
        image=spec.image,
        command=IDLE,
        labels=spec.labels,
        user=":".join(map(str, builder_id())),
        network=BRIDGE,
        host_name=HOST_NAME,
        init=True,
    )
    container = create(connection, idle)
    try:
        with connection.interruptible():
            connection.start(container)
            _fill(connection, container, spec)
            yield container
    finally:
        connection.remove(container)


@contextlib.contextmanager
def _kept(connection: Connection, spec: RoomSpec) -> Iterator[str]:
    """The room that `--container` uses, as the last task left it; filled when it is new."""
    there = [item["Id"] for item in connection.containers(name=f"^/{spec.name}$")]
    with KeptRooms(connection=connection).room(spec) as room:
        if room.container not in there:
            _fill(connection, room.container, spec)
        try:
            with connection.interruptible():
                yield room.container
        except KeyboardInterrupt:
            # What was started in it would go on; the room keeps its files and is started again when it is needed.
            connection.kill(room.container)
            raise


def _fill(connection: Connection, container: str, spec: RoomSpec) -> None:
    owner, group = builder_id()
    connection.put(container, pack(spec, owner=owner, group=group))


def sweep_visits(connection: Connection, project: str) -> None:
    """Remove rooms whose process is gone, and images of copies. Raises InfrastructureError."""
    for item in connection.containers(project=project, role=VISIT):
        process = item["Labels"].get(f"{LABEL}.process", "")
        if not Path("/proc", process).is_dir():
            connection.remove(item["Id"])
    copies = {"dangling": True, "label": [f"{LABEL}.project={project}", f"{LABEL}.role=room"]}
    with connection.errors("listing images of failed rooms"):
        images = connection.api.images(filters=copies)
    for image in images:
        with contextlib.suppress(InfrastructureError), connection.errors("removing an image nobody needs"):
            connection.api.remove_image(image["Id"])  # refused while a room that is kept was made from it
