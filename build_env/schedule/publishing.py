"""Owns when a run publishes before its end, and what: packages that are whole, at most once in a while.

A package is whole when everything that the plan deploys of it, for all architectures, has been deployed, and so has all
that it needs: clients can install it, and no architecture of it lags behind another. The rest waits for the end.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import BuildEnvError
from build_env.model.events import Note
from build_env.model.result import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.model.identity import TaskName
    from build_env.model.result import TaskResult
    from build_env.model.task import Plan
    from build_env.ports import EventSink, Publisher

__all__ = ["Publishing", "whole_deployments"]

_Package = tuple[str, str]  # target and subject


def whole_deployments(plan: Plan, results: Mapping[TaskName, TaskResult]) -> frozenset[TaskName]:
    """The tasks of `plan` whose packages are whole. Pure."""
    deployments = [task for task in plan if task.deployment]
    names = {task.name for task in deployments}
    broken: set[_Package] = set()
    needed_by: dict[_Package, set[_Package]] = defaultdict(set)
    for task in deployments:
        result = results.get(task.name)
        if result is None or not result.ok:
            broken.add(_package(task.name))
        for before in task.before:
            if before in names:
                needed_by[_package(before)].add(_package(task.name))
    spreading = list(broken)
    while spreading:
        more = needed_by[spreading.pop()] - broken
        broken |= more
        spreading += more
    return frozenset(name for name in names if _package(name) not in broken)


def _package(name: TaskName) -> _Package:
    return name.target, name.subject


@dataclass
class Publishing:
    """The switches of one run. `every` is the least number of seconds between two; 0: only at the end.

    `began` is when the run began on the `clock`: a run that is shorter than `every` switches once.
    """

    plan: Plan
    publisher: Publisher | None
    sink: EventSink
    clock: Callable[[], float]
    every: float = 0.0
    _last: float = 0.0
    _waiting: bool = False
    _published: frozenset[TaskName] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Nothing is published before the first interval is over."""
        self._last = self.clock()

    def deployed(self) -> None:
        """Something was deployed that may be published."""
        self._waiting = self.publisher is not None and self.every > 0

    def patience(self) -> float | None:
        """The seconds until there may be something to publish; None when nothing waits for that."""
        return max(0.0, self._last + self.every - self.clock()) if self._waiting else None

    def publish_whole(self, results: Mapping[TaskName, TaskResult]) -> None:
        """Publish what is whole, if it is time and there is more than the last time.

        Trouble is told and does not end the run: its end tries again, and says what is wrong then.
        """
        if self.publisher is None or not self._waiting or self.clock() < self._last + self.every:
            return
        self._waiting = False
        whole = self._whole(results)
        if whole == self._published:
            return
        try:
            with disk_errors():
                self.publisher.commit(self._note, whole)
        except BuildEnvError as error:
            self.sink(Note(text=f"what is whole is not published yet: {error.in_one_line}"))
        else:
            packages = len({_package(name) for name in whole})
            self.sink(Note(text=f"published {packages} package{'s' if packages > 1 else ''} before the end of the run"))
            self._published = whole
        self._last = self.clock()

    def finish(self, results: Mapping[TaskName, TaskResult], *, interrupted: bool) -> tuple[str, ...]:
        """Publish at the end: everything that was deployed, of an interrupted run what is whole; the lines to tell."""
        if self.publisher is None:
            return ()
        whole = self._whole(results)
        if interrupted and not whole:
            return ()
        with disk_errors():
            return tuple(self.publisher.commit(self._note, whole if interrupted else None))

    def _note(self, text: str) -> None:
        self.sink(Note(text=text))

    def _whole(self, results: Mapping[TaskName, TaskResult]) -> frozenset[TaskName]:
        """What this run deployed of packages that are whole; the rest of them is published already."""
        whole = whole_deployments(self.plan, results)
        return frozenset(name for name in whole if results[name].status is Status.DONE)
