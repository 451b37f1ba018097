"""Owns questions to a target's own tools: its image, made if need be, and a room of it in which a script answers.

Nothing that comes of it enters a result.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from build_env.app.limits import proxy_variables
from build_env.app.session import open_session
from build_env.core.errors import EnvironmentNotReady, TaskError, UsageError
from build_env.core.visible import visible_name
from build_env.engines.docker.visit import sweep_visits, visit_labels, visited
from build_env.engines.layout import BUILD_ROOT, room_environment
from build_env.model.command import ImageKind
from build_env.model.room import RoomSpec
from build_env.plan.graph import image_task
from build_env.work.image import Image
from build_env.work.snapshot import LocalTrees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from build_env.app.session import Session
    from build_env.model.artifact import StoredResult

__all__ = ["Question", "ask", "target_image"]

_NO_FAULT_OF_A_PACKAGE = frozenset({75, 78})  # exit statuses by which scripts say so
_SAID = "error: "


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is run in a room of the source image, with network and as the builder; what it prints is the answer.

    `folders` are those of the project that the room sees.
    """

    argv: tuple[str, ...]
    folders: tuple[str, ...]


def ask(session: Session, question: Question, tell: Callable[[str], None], *, refresh: bool = False) -> str:
    """The answer; `refresh` makes the image anew, with the index of today.

    Raises UsageError with what the script says when it fails, EnvironmentNotReady when no package is at fault.
    """
    project, connection = session.project, session.connected().connection
    sweep_visits(connection, project.checkout)
    architecture = session.options.architectures[0]
    image = target_image(session, ImageKind.SOURCE, architecture, tell, anew=refresh)
    declared = {"ARCH": architecture, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    output, complaints = BytesIO(), BytesIO()
    with TemporaryDirectory() as scratch:
        trees = LocalTrees(project.trees, Path(scratch))
        spec = RoomSpec(
            image=image.facts["tag"],
            commands=(),
            environment={
                **room_environment(BUILD_ROOT, declared),
                **proxy_variables(project.settings, project.environ),
            },
            entries=tuple(trees.entry(project.paths.root / folder, folder) for folder in question.folders),
            object_path=trees.path,
            collect=project.paths.rooms,
            labels=visit_labels(project.checkout),
        )
        with visited(connection, spec) as inside:
            status = inside.command(question.argv, output, complaints)
    if status:
        raise _refused(status, complaints.getvalue().decode(errors="replace").splitlines())
    return output.getvalue().decode(errors="replace")


def _refused(status: int, lines: Sequence[str]) -> UsageError | EnvironmentNotReady:
    """What a script said with `fail`: the line that says what happened, and those that say what to do."""
    lines = [visible_name(line) for line in lines]
    at = next((number for number, line in enumerate(lines) if line.startswith(_SAID)), None)
    kind = EnvironmentNotReady if status in _NO_FAULT_OF_A_PACKAGE else UsageError
    if at is None:
        return kind(f"a tool of the target ended with status {status}: {'; '.join(lines[-2:])}")
    hint = "; ".join(line.strip() for line in takewhile(lambda line: line.startswith(" "), lines[at + 1 :]))
    return kind(lines[at].removeprefix(_SAID), hint=hint)


def target_image(
    session: Session, kind: ImageKind, architecture: str, tell: Callable[[str], None], *, anew: bool = False
) -> StoredResult:
    """The image of the session's target as build-all makes it; made when it is not there. `tell` hears of that."""
    planner = session.planner
    name = planner.images.name(architecture, kind)
    task = image_task(planner.target, name, planner.images.recipes[name])
    tasks = frozenset({task.name} if anew else ())
    executor = session.executor(anew=tasks)
    work = executor.work(task, {})
    found = executor.find(work)
    if found:
        return found
    # A run, which holds its lock no longer than making the image takes.
    with open_session(session.project, session.options, writes=True) as making:
        executor = making.executor(anew=tasks)
        with executor.claimed(work):
            found = executor.find(work)
            if found:  # another run has made it meanwhile
                return found
            paths = session.project.paths
            log = (paths.logs / Image().log_name(task)).relative_to(paths.root)
            tell(f"making the image {name}, log {log}")
            made = executor.run(work, lambda _line: None)
    if made.stored is None:
        raise TaskError(made.message, hint=f"read {made.log}")
    return made.stored
