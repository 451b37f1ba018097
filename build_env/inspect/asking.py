"""Owns questions to a target's own tools: its image, made if need be, and a room of it in which a script answers.

Nothing that comes of it enters a result.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from build_env.app.limits import proxy_variables, room_limits
from build_env.app.session import open_session
from build_env.core.errors import EnvironmentNotReady, TaskError, UsageError
from build_env.core.visible import visible_name
from build_env.engines.docker.visit import sweep_visits, visit_labels, visited
from build_env.engines.layout import BUILD_ROOT, room_environment
from build_env.model.command import Command, ImageKind, Role
from build_env.model.room import RoomSpec, TimeLimit
from build_env.plan.graph import image_task
from build_env.work.image import Image
from build_env.work.snapshot import LocalTrees

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from build_env.app.session import Session
    from build_env.model.artifact import StoredResult

__all__ = ["Question", "ask", "target_image"]

_NO_FAULT_OF_A_PACKAGE = frozenset({75, 78})  # exit statuses by which scripts say so
_SAID = "error: "
_MOST = 1 << 20  # bytes of an answer; what is more is thrown away
_LIMIT = TimeLimit(seconds=900, origin="no question takes longer")


class _Kept(BytesIO):
    """The beginning of what is written: a package may make its tools print without end."""

    def write(self, data: bytes) -> int:  # type: ignore[override]  # the base says Buffer
        """See `BytesIO.write`."""
        super().write(data[: max(0, _MOST - self.tell())])
        return len(data)


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is run in a room of the source image, with network; what it prints is the answer.

    The room sees the `trees` of the project (paths and destinations). The builder asks, or root, if the question
    `installs` what it needs; then what else is printed stands among the answer.
    """

    argv: tuple[str, ...]
    trees: Mapping[str, str]
    environment: Mapping[str, str] = field(default_factory=dict)
    installs: bool = False


def ask(session: Session, question: Question, tell: Callable[[str], None], *, refresh: bool = False) -> str:
    """The answer; `refresh` makes the image anew, with the index of today.

    Raises UsageError with what the script says when it fails, EnvironmentNotReady when no package is at fault.
    """
    project, containers = session.project, session.connected()
    sweep_visits(containers.connection, project.checkout)
    architecture = session.options.architectures[0]
    image = target_image(session, ImageKind.SOURCE, architecture, tell, anew=refresh)
    declared = {"ARCH": architecture, "LC_ALL": "C.UTF-8", "TZ": "UTC", **question.environment}
    proxies = proxy_variables(project.settings, project.environ)
    with TemporaryDirectory() as scratch:
        trees = LocalTrees(project.trees, Path(scratch))
        spec = RoomSpec(
            image=image.facts["tag"],
            commands=(Command(kind=ImageKind.SOURCE, argv=question.argv, network=True, role=Role.INSTALL),),
            environment=declared,
            entries=tuple(trees.entry(project.paths.root / path, place) for path, place in question.trees.items()),
            object_path=trees.path,
            collect=Path(scratch),
            labels=visit_labels(project.checkout),
            proxies=proxies,
            limit=_LIMIT,
            limits=room_limits(project.settings, together=0, machine=0),
        )
        if question.installs:
            tell("a tool that is not in the image is installed in a room first: about a minute")
            lines: list[str] = []
            outcome = containers.rooms.run_install(spec, lines.append, lambda _container: None)
            status, answer, complaints = outcome.status, lines, lines
        else:
            output, errors = _Kept(), _Kept()
            inner = replace(spec, environment=room_environment(BUILD_ROOT, declared) | proxies)
            with visited(containers.connection, inner) as inside:
                status = inside.command(("timeout", f"{_LIMIT.seconds:g}", *question.argv), output, errors)
            answer, complaints = (part.getvalue().decode(errors="replace").splitlines() for part in (output, errors))
    if status:
        raise _refused(status, complaints)
    return "\n".join(answer)


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
            log = paths.shown(str(paths.logs / Image().log_name(task)))
            tell(f"making the image {name}, log {log}")
            made = executor.run(work, lambda _line: None)
    if made.stored is None:
        raise TaskError(made.message, hint=f"read {made.log}")
    return made.stored
