"""Owns the logs of a project as they are found on the disk: whose they are, whether they grow, their lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from build_env.engines.output import LineSplitter
from build_env.inspect.history import nothing_fits
from build_env.model.attempt import AttemptState, TaskLog
from build_env.model.task import Stage
from build_env.schedule.logs import is_written
from build_env.store.attempts import attempts_of
from build_env.store.database import read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.model.attempt import Attempt, Narrowing
    from build_env.model.identity import TaskName

__all__ = ["RUNNING", "find_logs", "likely_log", "log_lines"]

RUNNING = "running"
ENDED = "ended"
_WENT_WRONG = frozenset({AttemptState.FAILED.value, AttemptState.INFRASTRUCTURE.value})
_BETWEEN_LOOKS = 0.2  # seconds
_CHUNK = 1 << 18  # bytes of a log that are held at a time
_AT_ONCE = 1.0  # seconds: nothing is written to a log that much after its attempt has ended


def find_logs(project: Project, asked: Narrowing) -> list[TaskLog]:
    """The logs of the tasks that fit, the newest first. Raises UsageError when there is none: it says why."""
    logs = list(_all_logs(project))
    fitting = [log for log in logs if asked.fits(log.task)]
    if not fitting:
        raise nothing_fits(project, asked, [log.task for log in logs], "log")
    return sorted(fitting, key=lambda log: (log.state != RUNNING, -log.changed, str(log.task)))


def likely_log(logs: Sequence[TaskLog], *, follow: bool) -> TaskLog:
    """Of logs as `find_logs` has them the one that a person most likely wants to read.

    What is at work, if it is to be followed; what failed last; else the build, of several the newest.
    """
    ranks: tuple[Callable[[TaskLog], bool], ...] = (
        lambda log: follow and log.state == RUNNING,
        lambda log: log.state in _WENT_WRONG,
        lambda log: log.task.stage == Stage.BUILD,
    )
    return next((log for fits in ranks for log in logs if fits(log)), logs[0])


def log_lines(path: Path, *, follow: bool, running: Callable[[Path], bool] = is_written) -> Iterator[str]:
    """The lines of a log, read piece by piece; with `follow` also those that come until its task ends.

    A new attempt empties the log: its lines follow from the first on. A line without end comes in pieces.
    """
    lines: list[str] = []
    splitter = LineSplitter(lines.append)
    position = 0
    while True:
        more = follow and running(path)  # asked before the file is read: what is written after is read next time
        with path.open("rb", buffering=0) as file:
            if file.seek(0, 2) < position:
                splitter, position = LineSplitter(lines.append), 0
            file.seek(position)
            while chunk := file.read(_CHUNK):
                position += len(chunk)
                splitter.feed(chunk)
                yield from lines
                lines.clear()
        if not more:
            splitter.close()
            yield from lines
            return
        time.sleep(_BETWEEN_LOOKS)


def _all_logs(project: Project) -> Iterator[TaskLog]:
    """The log of the last attempt at each task that left one."""
    with read_only(project.paths.build / "store.db") as connection:
        last: dict[TaskName, Attempt] = {}
        for attempt in attempts_of(connection, lambda _: True) if connection else ():
            last.setdefault(attempt.task, attempt)
    for attempt in last.values():
        path = project.paths.root / attempt.log
        if attempt.log and path.is_file():
            facts = path.stat()
            yield TaskLog(
                path=path,
                task=attempt.task,
                state=RUNNING if is_written(path) else _state(attempt, facts.st_mtime),
                changed=facts.st_mtime,
                size=facts.st_size,
            )


def _state(attempt: Attempt, changed: float) -> str:
    """How the attempt ended whose log this is; one that was killed may not be written down yet."""
    ended = attempt.state is not AttemptState.RUNNING and changed <= attempt.began + attempt.seconds + _AT_ONCE
    return attempt.state.value if ended else ENDED
