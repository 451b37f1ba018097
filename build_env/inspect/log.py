"""Owns the logs of a project as they are found on the disk: whose they are, whether they grow, their lines."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError
from build_env.core.suggest import did_you_mean
from build_env.model.logs import read_log_name
from build_env.model.task import Stage
from build_env.plan.ids import image_id, task_id, unit_id
from build_env.plan.units import SOURCE
from build_env.schedule.logs import is_written

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from build_env.app.project import Project

__all__ = ["RUNNING", "TaskLog", "Wanted", "find_logs", "log_lines", "tell_without_log"]

RUNNING = "running"
ENDED = "ended"
_BETWEEN_LOOKS = 0.2  # seconds
_AT_ONCE = 1.0  # seconds: nothing is written to a log that much after its attempt has ended


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which logs: of a package or image, where named for one target, some architectures, one stage."""

    subject: str
    target: str = ""
    architectures: tuple[str, ...] = ()
    stage: str = ""


@dataclass(frozen=True, kw_only=True)
class TaskLog:
    """The log of the last attempt at one task; `changed` is seconds since the epoch, `state` a word for people."""

    path: Path
    target: str
    subject: str
    arch: str
    stage: str
    state: str
    changed: float
    size: int


def find_logs(project: Project, wanted: Wanted) -> list[TaskLog]:
    """The logs that fit, the newest first."""
    fitting = _with_states(project, [log for log in _all_logs(project) if _fits(log, wanted)])
    return sorted(fitting, key=lambda log: (log.state != RUNNING, -log.changed, log.path.name))


def tell_without_log(project: Project, wanted: Wanted) -> UsageError:
    """What to say when nothing fits: a wrong name, a package that was never built, or a choice that is too narrow."""
    others = find_logs(project, Wanted(subject=wanted.subject))
    names = _packages(project)
    if others:
        listed = dict.fromkeys(" ".join(part for part in (log.stage, log.arch, log.target) if part) for log in others)
        return UsageError(f"{wanted.subject} has no such log", hint=f"there are: {', '.join(listed)}")
    if wanted.subject in names:
        option = f"--target {wanted.target} " if wanted.target else "--target TARGET "
        return UsageError(
            f"{wanted.subject} has no log: it was never built in this checkout",
            hint=f"build it: build-all {option}{wanted.subject}",
        )
    known = {*names, *(log.subject for log in _all_logs(project))}
    return UsageError(
        f"there is no package {wanted.subject}{did_you_mean(wanted.subject, known)}",
        hint="build-env list packages shows what there is",
    )


def log_lines(path: Path, *, follow: bool, running: Callable[[Path], bool] = is_written) -> Iterator[str]:
    """The lines of a log; with `follow` also those that come until its task ends.

    A new attempt empties the log: its lines follow from the first on.
    """
    position = 0
    while True:
        more = follow and running(path)  # asked before the file is read: what is written after is read next time
        with path.open("rb") as file:
            if file.seek(0, 2) < position:
                position = 0
            file.seek(position)
            data = file.read()
        whole = len(data) if not more else data.rfind(b"\n") + 1
        position += whole
        yield from data[:whole].decode("utf-8", errors="replace").removesuffix("\n").split("\n") if whole else ()
        if not more:
            return
        time.sleep(_BETWEEN_LOOKS)


def _all_logs(project: Project) -> Iterator[TaskLog]:
    targets = {name.replace("/", "-"): name for name in project.target_names()}
    known = _packages(project)
    for path in sorted(project.paths.logs.glob("*/*.log")):
        name = read_log_name(path.name, known)
        if name is None:
            continue
        found = path.stat()
        yield TaskLog(
            path=path,
            target=targets.get(path.parent.name, path.parent.name),
            subject=name.subject,
            arch=name.arch,
            stage=name.stage.value,
            state=RUNNING if is_written(path) else ENDED,
            changed=found.st_mtime,
            size=found.st_size,
        )


def _with_states(project: Project, logs: list[TaskLog]) -> list[TaskLog]:
    """The logs with how their attempts ended; one that was killed is not the last of which the store knows that."""
    tasks = {_task(log): log for log in logs if log.state == ENDED}
    if not tasks:
        return logs
    from build_env.store.results import LocalStore  # noqa: PLC0415 - SQLite

    with contextlib.closing(LocalStore(project.paths.build, writes=False)) as store:
        last = {task: found[0] for task, found in store.history(list(tasks), 1).items() if found}
    words = {
        tasks[task].path: attempt.state.value
        for task, attempt in last.items()
        if tasks[task].changed <= attempt.began + attempt.seconds + _AT_ONCE
    }
    return [replace(log, state=words.get(log.path, log.state)) for log in logs]


def _task(log: TaskLog) -> str:
    """The id of the task, as plans have it."""
    if log.stage == Stage.IMAGE.value:
        return image_id(log.target, log.subject)
    return task_id(log.target, unit_id(log.subject, Stage(log.stage), log.arch or SOURCE))


def _fits(log: TaskLog, wanted: Wanted) -> bool:
    return (
        log.subject == wanted.subject
        and wanted.target in {"", log.target}
        and wanted.stage in {"", log.stage}
        and (not wanted.architectures or log.arch in {"", "all", *wanted.architectures})
    )


def _packages(project: Project) -> Collection[str]:
    from build_env.packages.read import package_names  # noqa: PLC0415 - PyYAML

    return package_names(project.paths)
