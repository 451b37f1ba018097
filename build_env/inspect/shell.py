"""Owns `build-env shell`: a room of a target to look around in, fresh or kept, and the room of a task that failed.

Nothing done in such a room enters a result. Fresh rooms are removed at the end, kept ones stay.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TextIO

from build_env.app.session import open_session
from build_env.core.errors import EnvironmentNotReady
from build_env.engines.docker.failed import copied
from build_env.engines.docker.visit import VISIT, sweep_visits, visit_labels, visited
from build_env.engines.layout import BUILD_ROOT, room_environment
from build_env.model.artifact import Isolation
from build_env.model.identity import TaskName
from build_env.model.options import BuildOptions
from build_env.model.room import RoomSpec
from build_env.model.task import Stage
from build_env.plan.keys import IMAGE_FACTS, image_key, kept_room_name
from build_env.schedule.attempting import state_after
from build_env.work.orders import context_entry
from build_env.work.snapshot import LocalTrees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.app.containers import Containers
    from build_env.app.project import Project
    from build_env.app.session import Session
    from build_env.engines.docker.connection import Connection
    from build_env.engines.docker.console import Inside
    from build_env.engines.docker.leftovers import FailedRoom
    from build_env.images.target import TargetImages
    from build_env.model.action import ImageRecipe
    from build_env.model.artifact import StoredResult
    from build_env.model.command import ImageKind

__all__ = ["ShellRequest", "enter_failed", "enter_target"]


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
    options = BuildOptions(targets=(request.target,), architectures=(architecture,))
    with open_session(project, options, writes=False) as session:
        containers = _connected(session)
        sweep_visits(containers.connection, project.checkout)
        stored = _image(session, containers, request, architecture, tell)
        environment = room_environment(
            BUILD_ROOT,
            {"ARCH": architecture, "BUILD_STAGE": VISIT},
            kept=request.kept,
        )
        with TemporaryDirectory() as scratch:
            spec = _spec(project, request, stored, environment, LocalTrees(project.trees, Path(scratch)))
            with visited(containers.connection, spec) as inside:
                yield inside


@contextlib.contextmanager
def enter_failed(connection: Connection, project: Project, room: FailedRoom) -> Iterator[Inside]:
    """A copy of the failed room without network. Removed at the end, with its image."""
    sweep_visits(connection, project.checkout)
    with copied(connection, room, visit_labels(project.checkout)) as copy:
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
    found = None if request.recreate else _recorded(session, containers.target_images(session.store), recipe)
    if found:
        return found
    with open_session(session.project, session.options, writes=True) as making:
        return _have(making, recipe, request, tell)


def _recorded(session: Session, images: TargetImages, recipe: ImageRecipe) -> StoredResult | None:
    """The image, if it was made and the engine has it."""
    stored = session.store.find(image_key(recipe), Isolation.FRESH)
    return stored if stored and images.has(stored) else None


def _have(session: Session, recipe: ImageRecipe, request: ShellRequest, tell: Callable[[str], None]) -> StoredResult:
    """Make the image as a run does, which holds its lock no longer than that."""
    images = _connected(session).target_images(session.store)
    paths, task = session.project.paths, TaskName(target=request.target, subject=recipe.build.name, stage=Stage.IMAGE)
    log = paths.logs / request.target.replace("/", "-") / f"{recipe.build.name}.image.log"
    with session.claimed({str(task), image_key(recipe)}):
        found = None if request.recreate else _recorded(session, images, recipe)
        if found:  # another run has made it meanwhile
            return found
        tell(f"making the image {recipe.build.name}, log {log.relative_to(paths.root)}")
        return _make(session, images, recipe, task, log, anew=request.recreate)


def _make(
    session: Session, images: TargetImages, recipe: ImageRecipe, task: TaskName, log: Path, *, anew: bool
) -> StoredResult:
    context = context_entry(session.project.trees, recipe, session.store)
    began, shown = time.monotonic(), str(log.relative_to(session.project.paths.root))
    attempt = session.store.begin(task, image_key(recipe), shown)
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        with log.open("w", encoding="utf-8", buffering=1) as file:
            made = images.make(recipe, context, lambda line: _line(file, line), anew=anew)
    except BaseException as error:
        seconds = time.monotonic() - began
        session.store.end(attempt, state_after(error), seconds=seconds, message=str(error), log=shown)
        raise
    made = replace(made, task=task, seconds=time.monotonic() - began, log=shown)
    session.store.record(made, attempt)
    return made


def _line(file: TextIO, line: str) -> None:
    file.write(f"{line}\n")


def _spec(
    project: Project, request: ShellRequest, stored: StoredResult, environment: dict[str, str], trees: LocalTrees
) -> RoomSpec:
    identity = next(item.digest for item in stored.artifacts if item.name == IMAGE_FACTS)
    prefix = project.settings.image_prefix
    name = kept_room_name(f"{prefix}-{project.checkout}-", request.target, request.kind, identity)
    root = project.paths.root
    return RoomSpec(
        image=stored.facts["tag"],
        commands=(),
        environment=environment,
        entries=tuple(trees.entry(root / part, part) for part in ("common", "src") if (root / part).is_dir()),
        object_path=trees.path,
        collect=project.paths.rooms,
        labels=visit_labels(project.checkout),
        name=name if request.kept else "",
    )
