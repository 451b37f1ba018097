"""Owns `build-env shell`: a room of a target to look around in, fresh or kept, and the room of a task that failed.

Nothing done in such a room enters a result. Fresh rooms are removed at the end, kept ones stay.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from build_env.app.failed import IDLE, copied
from build_env.app.options import BuildOptions
from build_env.app.session import open_session
from build_env.core.errors import EnvironmentNotReady, InfrastructureError
from build_env.engines.docker import LABEL
from build_env.engines.docker_console import LOGIN, Inside
from build_env.engines.docker_reused import ReusedRooms
from build_env.engines.docker_rooms import builder_id
from build_env.engines.layout import BUILD_ROOT, HOST_NAME, room_environment
from build_env.engines.staging import pack
from build_env.model.identity import TaskName
from build_env.model.room import RoomEntry, RoomSpec
from build_env.model.task import Stage
from build_env.plan.keys import IMAGE_FACTS, image_key, kept_room_name
from build_env.schedule.attempting import state_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.app.containers import Containers
    from build_env.app.failed import FailedRoom
    from build_env.app.project import Project
    from build_env.app.session import Session
    from build_env.engines.docker import Connection
    from build_env.images.target import TargetImages
    from build_env.model.artifact import StoredResult
    from build_env.model.command import ImageKind
    from build_env.plan.keys import ImageRecipe

__all__ = ["LOGIN", "ShellRequest", "enter_failed", "enter_target"]

_ROLE = "shell"


@dataclass(frozen=True, kw_only=True)
class ShellRequest:
    """Which room: `architecture` may be empty for the machine's own; `kept` takes the one `--container` uses."""

    target: str
    kind: ImageKind
    architecture: str = ""
    kept: bool = False
    recreate: bool = False


@contextlib.contextmanager
def enter_target(project: Project, request: ShellRequest, tell: Callable[[str], None]) -> Iterator[Inside]:
    """A running room of the target with copies of `common/` and `src/`; `tell` gets what a person should know."""
    architecture = request.architecture or project.host.architecture
    options = BuildOptions(target=request.target, architectures=(architecture,))
    with open_session(project, options, writes=False) as session:
        containers = _connected(session)
        _sweep(containers.connection, project)
        stored = _image(session, containers, request, architecture, tell)
        environment = room_environment(
            BUILD_ROOT,
            {"ARCH": architecture, "BUILD_TARGET": request.target, "BUILD_STAGE": _ROLE},
            kept=request.kept,
        )
        spec = _spec(project, request, stored, environment)
        with _kept(containers, spec) if request.kept else _fresh(containers, spec) as container:
            yield Inside(
                connection=containers.connection,
                container=container,
                user=_builder(),
                directory=BUILD_ROOT,
                environment=environment,
            )


@contextlib.contextmanager
def enter_failed(connection: Connection, project: Project, room: FailedRoom) -> Iterator[Inside]:
    """A copy of the failed room without network. Removed at the end, with its image."""
    _sweep(connection, project)
    labels = {f"{LABEL}.{name}": value for name, value in _labels(project).items()}
    with copied(connection, room, labels) as copy:
        yield copy.inside


def _connected(session: Session) -> Containers:
    if session.containers is None:
        raise EnvironmentNotReady(
            "no container engine answers", hint="start it; build-env doctor shows what is missing"
        )
    return session.containers


def _image(
    session: Session, containers: Containers, request: ShellRequest, architecture: str, tell: Callable[[str], None]
) -> StoredResult:
    """The target's image as build-all makes it; made when it is not there."""
    recipe = session.planner.images.recipes[session.planner.images.name(architecture, request.kind)]
    found = None if request.recreate else containers.target_images(session.store).find(image_key(recipe), recipe)
    if found:
        return found
    with open_session(session.project, session.options, writes=True) as making:
        return _have(making, recipe, request, tell)


def _have(session: Session, recipe: ImageRecipe, request: ShellRequest, tell: Callable[[str], None]) -> StoredResult:
    """Make the image as a run does, which holds its lock no longer than that."""
    images = _connected(session).target_images(session.store)
    paths, task = session.project.paths, TaskName(target=request.target, subject=recipe.build.name, stage=Stage.IMAGE)
    log = paths.logs / request.target.replace("/", "-") / f"{recipe.build.name}.image.log"
    with session.claimed({str(task), image_key(recipe)}):
        found = None if request.recreate else images.find(image_key(recipe), recipe)
        if found:  # another run has made it meanwhile
            return found
        tell(f"making the image {recipe.build.name}, log {log.relative_to(paths.root)}")
        return _make(session, images, recipe, task, log, anew=request.recreate)


def _make(
    session: Session, images: TargetImages, recipe: ImageRecipe, task: TaskName, log: Path, *, anew: bool
) -> StoredResult:
    began, shown = time.monotonic(), str(log.relative_to(session.project.paths.root))
    attempt = session.store.begin(task, image_key(recipe), shown)
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("w", encoding="utf-8", buffering=1) as file:
            made = images.make(recipe, lambda line: _line(file, line), anew=anew)
    except BaseException as error:
        seconds = time.monotonic() - began
        session.store.end(attempt, state_after(error), seconds=seconds, message=str(error), log=shown)
        raise
    made = replace(made, task=task, seconds=time.monotonic() - began, log=shown)
    session.store.record(made, attempt)
    return made


def _line(file: TextIO, line: str) -> None:
    file.write(f"{line}\n")


def _spec(project: Project, request: ShellRequest, stored: StoredResult, environment: dict[str, str]) -> RoomSpec:
    identity = next(item.digest for item in stored.artifacts if item.name == IMAGE_FACTS)
    prefix = project.settings.image_prefix
    name = kept_room_name(f"{prefix}-{project.checkout}-", request.target, request.kind, identity)
    root = project.paths.root
    return RoomSpec(
        image=stored.facts["tag"],
        commands=(),
        environment=environment,
        entries=tuple(
            RoomEntry(source=root / part, destination=part) for part in ("common", "src") if (root / part).is_dir()
        ),
        collect=project.paths.rooms,
        labels=_labels(project),
        name=name if request.kept else "",
    )


@contextlib.contextmanager
def _fresh(containers: Containers, spec: RoomSpec) -> Iterator[str]:
    with _started(containers.connection, spec.image, spec.labels, network="bridge", user=_builder()) as container:
        _fill(containers.connection, container, spec)
        yield container


@contextlib.contextmanager
def _kept(containers: Containers, spec: RoomSpec) -> Iterator[str]:
    """The room that `--container` uses, as the last task left it; filled when it is new."""
    connection = containers.connection
    with connection.errors("looking for a kept room"):
        known = connection.api.containers(all=True, filters={"name": f"^/{spec.name}$"})
    with ReusedRooms(connection=connection, builder=builder_id()).room(spec) as room:
        if not any(item["Id"] == room.container for item in known):
            _fill(connection, room.container, spec)
        try:
            yield room.container
        except KeyboardInterrupt:
            # What was started in it would go on; the room keeps its files and is started again when it is needed.
            connection.api.kill(room.container)
            raise


def _fill(connection: Connection, container: str, spec: RoomSpec) -> None:
    owner, group = builder_id()
    with connection.errors("filling a room"):
        connection.api.put_archive(container, "/", pack(spec, prefix=BUILD_ROOT[1:], owner=owner, group=group))


@contextlib.contextmanager
def _started(
    connection: Connection, image: str, labels: Mapping[str, str], *, network: str, user: str
) -> Iterator[str]:
    """A confined container that does nothing, removed at the end."""
    api = connection.api
    with connection.errors("making a room"):
        host = api.create_host_config(
            network_mode=network, cap_drop=["ALL"], security_opt=["no-new-privileges"], init=True
        )
        created = api.create_container(
            image,
            IDLE,
            hostname=HOST_NAME,
            labels={f"{LABEL}.{name}": value for name, value in labels.items()},
            user=user,
            host_config=host,
        )
    container: str = created["Id"]
    try:
        with connection.errors("starting a room"):
            api.start(container)
        yield container
    finally:
        connection.remove(container)


def _labels(project: Project) -> dict[str, str]:
    return {"project": project.checkout, "role": _ROLE, "process": str(os.getpid())}


def _sweep(connection: Connection, project: Project) -> None:
    """Remove rooms of shells whose process is gone."""
    for item in connection.containers(project=project.checkout, role=_ROLE):
        process = item["Labels"].get(f"{LABEL}.process", "")
        if not Path("/proc", process).is_dir():
            connection.remove(item["Id"])
    with connection.errors("listing images of failed rooms"):
        wanted = {"dangling": True, "label": [f"{LABEL}.project={project.checkout}", f"{LABEL}.role=room"]}
        for image in connection.api.images(filters=wanted):
            with contextlib.suppress(InfrastructureError), connection.errors("removing an image nobody needs"):
                connection.api.remove_image(image["Id"])  # refused while a room that is kept was made from it


def _builder() -> str:
    return ":".join(str(number) for number in builder_id())
