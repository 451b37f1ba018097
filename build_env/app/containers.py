"""Owns the container side of a run: connection, rooms, images, bases, and the sweeping of what killed runs left."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.app.limits import proxy_variables
from build_env.core.errors import BuildEnvError
from build_env.engines.docker.connection import connect
from build_env.engines.docker.images import DockerImages
from build_env.engines.docker.leftovers import KEPT_FAILURES, drop_failed, sweep
from build_env.engines.docker.rooms import DockerRooms
from build_env.images.bases import Bases
from build_env.images.target import TargetImages

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from build_env.app.project import Project
    from build_env.engines.docker.connection import Connection
    from build_env.model.identity import TaskName
    from build_env.model.room import TimeLimit
    from build_env.ports import Store

__all__ = ["Containers", "connect_containers"]


_PUTTING_AWAY = 5.0  # seconds


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
        base = self.bases.find(reference, architecture)
        return base.identity if base else ""

    def target_images(self, store: Store) -> TargetImages:
        """The maker of target images and layers."""
        return TargetImages(
            images=self.images,
            bases=self.bases,
            store=store,
            layer_prefix=self.project.settings.image_prefix,
        )

    def sweep(self, alive: Callable[[str], bool]) -> int:
        """Remove rooms of runs that are not alive; how many there were."""
        return sweep(self.connection, self.project.checkout, alive)

    def drop_failed(self, good: Collection[TaskName]) -> None:
        """Remove the kept rooms of tasks that are `good` now. An engine that fails at it changes no result.

        Nor is one waited for that had to be given up, or whose time is over: the next run asks again.
        """
        patience = self.connection.patience
        if patience.hurried or self.connection.cancelled:
            return
        with contextlib.suppress(BuildEnvError), patience.limited(_PUTTING_AWAY):
            drop_failed(self.connection, self.project.checkout, most=KEPT_FAILURES, good=good)


def connect_containers(
    project: Project, *, run: str = "", reuse: bool, slots: int, limit: TimeLimit | None = None
) -> Containers:
    """Connect to the engine; `limit` is for making images. Raises EnvironmentNotReady when none answers."""
    connection = connect(slots=slots, timeout=project.settings.engine_timeout)
    proxies = proxy_variables(project.settings, os.environ)
    rooms = DockerRooms(connection=connection, project=project.checkout, reuse=reuse)
    images = DockerImages(
        connection=connection, rooms=rooms, project=project.checkout, run=run, limit=limit, proxies=proxies
    )
    bases = Bases(images=images, settings=project.settings, temporary=project.paths.build / "rooms")
    return Containers(project=project, connection=connection, rooms=rooms, images=images, bases=bases)
