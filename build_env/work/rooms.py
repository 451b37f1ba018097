"""Owns the coordinator's side of orders: what a worker is asked for, and what its outcomes mean for the task.

A worker that has not the image of a room gets an order for that image first, and then the same order again.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady, InfrastructureError, Interrupted, TaskError
from build_env.model.artifact import StoredResult
from build_env.model.order import Ended
from build_env.model.task import Place
from build_env.plan.keys import IMAGE_FACTS, INSTALLED
from build_env.work.kind import Done
from build_env.work.orders import input_at, layer_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from build_env.model.artifact import Isolation
    from build_env.model.identity import TaskName
    from build_env.model.order import Outcome, WorkOrder
    from build_env.model.room import RoomOutcome, Variation
    from build_env.model.task import Task
    from build_env.model.work import ResolvedInput, Work
    from build_env.store.claims import Claims
    from build_env.work.orders import Orders
    from build_env.work.worker import Worker

__all__ = ["RoomWork"]

_TRIES = 3  # a layer needs its image: more than two things that are missing one after the other there are not


@dataclass(frozen=True, kw_only=True)
class RoomWork:
    """Has orders carried out by `worker`. `made` are the tasks that make images, by name, to have them made again."""

    worker: Worker
    orders: Orders
    claims: Claims
    made: dict[TaskName, Task] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def isolation(self) -> Isolation:
        """The rank of the results."""
        return self.worker.isolation

    @property
    def directory(self) -> Path:
        """Where unfinished results lie."""
        return self.worker.directory

    def cancel(self) -> None:
        """Kill all rooms, and wait for nothing any more; callable from any thread."""
        self.stopped.set()
        self.worker.cancel()

    def image(self, work: Work, write: Callable[[str], None], *, anew: bool) -> Done:
        """Make the image of the task."""
        return _done(work, self.worker.run(self.orders.image(work.task, work.key, anew=anew), write), {})

    def do(self, work: Work, write: Callable[[str], None]) -> Done:
        """Run the commands of the task in its room."""
        order = self._order(work)
        with self._alone(order.given_room.name):  # a kept room is for one task at a time
            return self._done(work, self._carry_out(order, work, write))

    def layer(self, work: Work, write: Callable[[str], None], *, anew: bool) -> Done:
        """Make the layer as an image; its artifacts are the list of what is installed and what was fetched for it.

        A kept room has its layer inside. The image is made `anew` even if the engine has it.
        """
        order = self.orders.layer(work, anew=anew)
        if self.worker.images is None or order.given_room.name:
            return self.do(work, write)
        return self._done(work, self._carry_out(order, work, write))

    def rehearse(
        self, work: Work, variation: Variation, collect: Path, write: Callable[[str], None], argv: tuple[str, ...] = ()
    ) -> RoomOutcome:
        """Do the commands of `work`, or `argv`, in a room that differs by `variation`; its results lie in `collect`.

        Nothing is recorded, and nothing enters the store.
        """
        room = self._order(work).given_room
        while missing := self.worker.missing(room):
            self._make_again(work, missing, write)
        return self.worker.rehearse(room, variation, collect, write, argv)

    def _order(self, work: Work) -> WorkOrder:
        """The room of the task, made from its layer where there is one."""
        order = self.orders.room(work)
        layer = input_at(work, Place.LAYER)
        room = order.given_room
        if layer is None or self.worker.images is None or room.name:
            return order
        return replace(order, room=replace(room, image=layer.facts["tag"]))

    def _carry_out(self, order: WorkOrder, work: Work, write: Callable[[str], None]) -> Outcome:
        outcome = self.worker.run(order, write)
        for _ in range(_TRIES):
            if outcome.ended is not Ended.IMAGE_MISSING:
                return outcome
            with self._alone(outcome.missing):
                outcome = self.worker.run(order, write)  # somebody else may have made it meanwhile
                if outcome.ended is not Ended.IMAGE_MISSING:
                    return outcome
                self._make_again(work, outcome.missing, write)
            outcome = self.worker.run(order, write)
        raise InfrastructureError(f"the engine loses {outcome.missing} as soon as it is made")

    def _make_again(self, work: Work, missing: str, write: Callable[[str], None]) -> None:
        """Have the worker make an input that its engine has lost; it must come out as it was.

        Raises:
            EnvironmentNotReady: when it is no input, cannot be made here, or comes out different.
            TaskError: when the install commands of a layer fail.
        """
        given = next((entry for entry in work.inputs if entry.facts.get("tag") == missing), None)
        if given and given.place is Place.LAYER:
            kept = [item for item in given.artifacts if item.name != INSTALLED]
            write(f"the layer of build dependencies is gone: made again from {len(kept)} packages that were kept")
            outcome = self._carry_out(self.orders.layer(work, anew=True, kept=kept), work, write)
            if outcome.status:
                raise TaskError(f"the layer of build dependencies could not be made again: {outcome.message}")
            _refuse_other(given, outcome, INSTALLED, "the layer of build dependencies")
        elif given and given.task in self.made:
            write(f"the image {missing} is gone: made again")
            outcome = self.worker.run(self.orders.image(self.made[given.task], "", anew=False), write)
            _refuse_other(given, outcome, IMAGE_FACTS, f"the image {missing}")
        else:
            raise EnvironmentNotReady(f"the engine has no image {missing}", hint="run the same command again")

    def _done(self, work: Work, outcome: Outcome) -> Done:
        """`installed` is the digest of the list of distribution packages that the room had, with exact versions."""
        lists = [entry for entry in work.inputs if entry.place in {Place.IMAGE, Place.LAYER}]
        installed = [item.digest for entry in lists for item in entry.artifacts if item.name == INSTALLED]
        stand_in = next((entry.facts["stand-in"] for entry in work.inputs if entry.facts.get("stand-in")), "")
        facts = {
            "stand-in": stand_in,
            "layer": layer_key(work),
            "installed": installed[-1] if installed else "",
            **({"choices": work.task.choices} if work.task.choices else {}),
        }
        return _done(work, outcome, facts)

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Have what `name` stands for alone among all threads and runs; nothing is waited for without a name.

        Raises:
            Interrupted: when the run is stopped meanwhile.
        """
        if not name:
            yield
            return
        claim = self.claims.await_claim({name}, self.stopped)
        if claim is None:
            raise Interrupted("stopped")
        with claim:
            yield


def _done(work: Work, outcome: Outcome, facts: dict[str, str]) -> Done:
    """What the outcome means for the task.

    Raises:
        BuildEnvError: of the class that fits, when it was not its commands that failed.
    """
    _refuse_trouble(outcome)
    if outcome.ended is Ended.FAILED:
        return Done(stored=None, status=outcome.status, message=outcome.message, peak_memory=outcome.peak_memory)
    stored = StoredResult(
        key=outcome.key or work.key,
        artifacts=outcome.artifacts,
        isolation=outcome.isolation,
        seconds=0.0,
        facts={**facts, **outcome.facts},
        inputs=outcome.inputs,
    )
    return Done(stored=stored, peak_memory=outcome.peak_memory)


def _refuse_trouble(outcome: Outcome) -> None:
    match outcome.ended:
        case Ended.STOPPED:
            raise Interrupted(outcome.message)
        case Ended.TROUBLE:
            raise InfrastructureError(outcome.message, hint=outcome.hint)
        case Ended.NOT_READY | Ended.IMAGE_MISSING:
            raise EnvironmentNotReady(outcome.message, hint=outcome.hint)
        case Ended.FAILED if not outcome.status:
            raise TaskError(outcome.message, hint=outcome.hint)
        case _:
            return


def _refuse_other(given: ResolvedInput, outcome: Outcome, name: str, what: str) -> None:
    _refuse_trouble(outcome)
    digests = [{item.digest for item in items if item.name == name} for items in (given.artifacts, outcome.artifacts)]
    if digests[0] != digests[1]:
        raise EnvironmentNotReady(
            f"{what} came out with other packages than it had",
            hint="run again with --refresh: what the mirrors changed is installed, and what uses it is built again",
        )
