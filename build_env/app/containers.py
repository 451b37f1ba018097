"""Owns the container side of a run: connection, rooms, images, bases, and the sweeping of what killed runs left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.engines.docker import LABEL, connect
from build_env.engines.docker_images import BUILDER, DockerImages
from build_env.engines.docker_network import NETWORK
from build_env.engines.docker_rooms import DockerRooms
from build_env.images.bases import Bases
from build_env.images.target import TargetImages

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.app.project import Project
    from build_env.engines.docker import Connection
    from build_env.ports import Store

__all__ = ["Containers", "connect_containers"]


@dataclass(frozen=True, kw_only=True)
class Containers:
    """A connected engine and everything made from it."""

    project: Project
    connection: Connection
    rooms: DockerRooms
    images: DockerImages
    bases: Bases

    def base_identity(self, reference: str, architecture: str) -> str:
        """The identity of a base that is there already, else an empty string."""
        found = self.bases.find(reference, architecture)
        return found.identity if found else ""

    def target_images(self, store: Store) -> TargetImages:
        """The maker of target images and layers."""
        return TargetImages(
            root=self.project.paths.root,
            images=self.images,
            bases=self.bases,
            store=store,
            host_arch=self.project.host.architecture,
            layer_prefix=self.project.settings.image_prefix,
        )

    def sweep(self, alive: Callable[[str], bool]) -> int:
        """Remove rooms of runs that are not alive; failed rooms that are kept, and reused ones, stay."""
        found = [
            item
            for role in ("room", "layer", BUILDER)
            for item in self.connection.containers(project=self.project.checkout, role=role)
            if not any("-failed-" in name for name in item["Names"] or ())
            and not alive(item["Labels"].get(f"{LABEL}.run", ""))
        ]
        for item in found:
            self.connection.remove(item["Id"])
        return sum(item["Labels"].get(f"{LABEL}.task") != NETWORK for item in found)


def connect_containers(project: Project, *, run: str = "", reuse: bool, slots: int) -> Containers:
    """Connect to the engine. Raises EnvironmentNotReady when none answers."""
    connection = connect(slots=slots)
    rooms = DockerRooms(connection=connection, project=project.checkout, reuse=reuse)
    images = DockerImages(connection=connection, rooms=rooms, project=project.checkout, run=run)
    bases = Bases(images=images, settings=project.settings, temporary=project.paths.build / "rooms")
    return Containers(project=project, connection=connection, rooms=rooms, images=images, bases=bases)
