"""Owns `reproduce`: makes what a package's tasks need as a run does, then does these tasks twice and compares."""

from __future__ import annotations

import contextlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.app.build import resolve, scan_first
from build_env.app.session import open_session
from build_env.core.disk import scratch
from build_env.core.errors import BuildEnvError, UsageError
from build_env.core.machine import builder_id
from build_env.model.events import Note
from build_env.model.task import Stage
from build_env.plan.select import Request
from build_env.schedule.foresee import foresee
from build_env.schedule.logs import new_log
from build_env.schedule.reproduce import needs_of, rehearse
from build_env.work.registry import kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.app.session import Session
    from build_env.model.options import BuildOptions
    from build_env.model.result import RunSummary
    from build_env.model.task import Task
    from build_env.model.work import Work
    from build_env.ports import EventSink
    from build_env.schedule.local import LocalExecutor
    from build_env.schedule.reproduce import Rehearsal, Rehearser
    from build_env.work.rooms import RoomWork

__all__ = ["Reproduction", "reproduce"]

_STAGES = frozenset({Stage.SOURCE, Stage.BUILD})


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """What came of it. `summary` tells of the run before; without rehearsals that run failed."""

    package: str
    target: str
    summary: RunSummary
    rehearsals: tuple[Rehearsal, ...] = ()

    @property
    def same(self) -> bool:
        """Whether everything came out the same."""
        return all(rehearsal.same for rehearsal in self.rehearsals)


@dataclass(frozen=True, kw_only=True)
class _Inputs:
    """What some tasks need, made; `works` are these tasks, ready. Without an executor the run failed: see `summary`."""

    summary: RunSummary
    executor: LocalExecutor | None = None
    works: tuple[Work, ...] = ()


def reproduce(
    project: Project, options: BuildOptions, package: str, sink: EventSink, keep: Path | None
) -> Reproduction:
    """Do the source and build tasks of `package` twice. `keep` is where the results of both rooms are left."""
    if keep is not None and keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
        raise UsageError(f"--keep {keep}: this is there already", hint="name a directory that is new or empty")
    request = Request(packages=(package,), stages=_STAGES, only_depends=False)
    with open_session(project, options, writes=True) as session:
        inputs = _make_inputs(session, request, sink, lambda task: task.subject == package and task.stage in _STAGES)
        rehearsals: tuple[Rehearsal, ...] = ()
        if inputs.executor is not None:
            if not inputs.works:
                raise UsageError(
                    f"{package} has nothing to build for {options.targets[0]}", hint="build-env plan shows all"
                )
            with _directory(inputs.executor.rooms.directory, keep) as directory:
                for work in inputs.works:
                    sink(Note(text=f"doing {work.task.stage} {work.task.label} in two rooms"))
                    rehearsals = (*rehearsals, _interruptible(project, inputs.executor.rooms, work, directory))
        return Reproduction(package=package, target=options.targets[0], summary=inputs.summary, rehearsals=rehearsals)


def _make_inputs(session: Session, request: Request, sink: EventSink, wanted: Callable[[Task], bool]) -> _Inputs:
    """Run what the tasks of `request` that are `wanted` need, and not these themselves."""
    session.prepare(sink)
    failed = scan_first(session, request, sink)
    if failed:
        return _Inputs(summary=failed)
    planned = resolve(session, request).planned
    executor = session.executor()
    tasks = [task for task in planned.plan if wanted(task)]
    needs = needs_of(planned.plan, tasks)
    answers, hits = foresee(needs, executor)
    for note in planned.notes:
        sink(Note(text=note))
    summary = session.run_plan(needs, executor, sink, answers, hits)
    made = {task: result.stored for task, result in summary.results.items() if result.ok and result.stored}
    if len(made) < len(needs):
        return _Inputs(summary=summary)
    return _Inputs(summary=summary, executor=executor, works=tuple(executor.work(task, made) for task in tasks))


def _interruptible(project: Project, rooms: RoomWork, work: Work, directory: Path) -> Rehearsal:
    """Rehearse in another thread: this one only waits, so that an interrupt cannot come where it would be lost."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        try:
            return pool.submit(_rehearse, project, rooms, work, directory).result()
        except KeyboardInterrupt:
            rooms.cancel()
            raise


def _rehearse(project: Project, rooms: Rehearser, work: Work, directory: Path) -> Rehearsal:
    with contextlib.ExitStack() as stack:
        shown: list[Path] = []

        def log(room: str) -> Callable[[str], None]:
            shown.append(_log_path(project, work.task, room))
            return stack.enter_context(new_log(shown[-1]))

        try:
            return rehearse(rooms, work, directory, builder_id(), sorted(os.sched_getaffinity(0)), log)
        except BuildEnvError as error:
            if shown:
                error.hint = f"read {project.paths.shown(str(shown[-1]))}; {error.hint}".removesuffix("; ")
            raise


def _log_path(project: Project, task: Task, room: str) -> Path:
    """Beside the log of the task itself: `greet.amd64.build.second.log`."""
    path = project.paths.logs / kind_of(task.stage).log_name(task)
    return path.with_suffix(f".{room}{path.suffix}")


@contextlib.contextmanager
def _directory(rooms: Path, keep: Path | None) -> Iterator[Path]:
    """Where the rooms' results arrive; what is to be kept is moved to its place also after a failure."""
    with scratch(rooms, "both-") as directory:
        try:
            yield directory
        finally:
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                for part in ("first", "second"):
                    if (directory / part).is_dir():
                        shutil.move(directory / part, keep / part)
