"""Owns `build-env shell`: a room of a target to look around in, fresh or kept, and the room of a task that failed.

Nothing done in such a room enters a result. Fresh rooms are removed at the end, kept ones stay.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from build_env.app.session import open_session
from build_env.engines.docker.failed import copied
from build_env.engines.docker.visit import VISIT, sweep_visits, visit_labels, visited
from build_env.engines.layout import BUILD_ROOT, room_environment
from build_env.inspect.asking import target_image
from build_env.model.options import BuildOptions
from build_env.model.room import RoomSpec
from build_env.plan.keys import IMAGE_FACTS, kept_room_name
from build_env.work.snapshot import LocalTrees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.app.project import Project
    from build_env.engines.docker.connection import Connection
    from build_env.engines.docker.console import Inside
    from build_env.engines.docker.leftovers import FailedRoom
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
        containers = session.connected()
        sweep_visits(containers.connection, project.checkout)
        stored = target_image(session, request.kind, architecture, tell, anew=request.recreate)
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
