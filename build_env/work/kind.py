"""Owns what a kind of task is: all questions that planning, running, explaining and showing ask of one.

A kind is one module that derives from `Kind`, and one line in `registry`. Who asks must not know its name. The
defaults are those of a task whose result the store keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from build_env.core.canonical import digest_bytes
from build_env.core.visible import printable
from build_env.formats.registry import is_content
from build_env.model.artifact import Artifact, Isolation
from build_env.model.attempt import AttemptState
from build_env.model.task import Place
from build_env.plan.keys import IMAGE_FACTS, INSTALLED
from build_env.store.cas import GONE
from build_env.work.reasons import first_difference

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from build_env.core.trees import Trees
    from build_env.images.target import TargetImages
    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName
    from build_env.model.target import Target
    from build_env.model.task import Task
    from build_env.model.work import ResolvedInput, Work
    from build_env.ports import Publisher, Store
    from build_env.work.rooms import RoomWork

__all__ = ["Done", "Hands", "Kind"]

_UNFINISHED = {
    AttemptState.INFRASTRUCTURE: "could not run",
    AttemptState.INTERRUPTED: "was stopped",
    AttemptState.LOST: "ended with its run",
}


@dataclass(frozen=True, kw_only=True)
class Hands:
    """What a run has in its hands for tasks of all kinds. `images` is None where rooms are native."""

    trees: Trees
    store: Store
    publisher: Publisher
    rooms: RoomWork
    images: TargetImages | None = None


@dataclass(frozen=True, kw_only=True)
class Done:
    """How the work of a task ended: `stored` is None when it failed, with the exit `status` and a `message`.

    `peak_memory` is in bytes, 0 where it is not known.
    """

    stored: StoredResult | None
    status: int = 0
    message: str = ""
    peak_memory: int = 0


class Kind:
    """One kind of task. Objects of it are shared by all threads and keep nothing."""

    name: ClassVar[str]  # the `stage` of its tasks' names
    rank: ClassVar[float] = 100.0  # its place in listings, from low to high
    usual_seconds: ClassVar[float] = 10.0  # of a task of which nothing is known; the order of magnitude counts
    finishes: ClassVar[bool] = False  # whether it only makes what was built ready for users: soon, if nothing waits
    effect: ClassVar[bool] = False  # whether it leaves something outside the store, and no result in it
    of_packages: ClassVar[bool] = False  # whether reports show it in the row of its package
    others: ClassVar[str] = "images of"  # in pictures, before the target, the group of those that have no package
    anew_by: ClassVar[frozenset[str]] = frozenset()  # options that have it done anew: `refresh`, `recreate`
    lasts: ClassVar[bool] = True  # whether gc keeps the last result of a task because the project has the task

    def planned(self, target: Target, tasks: Mapping[TaskName, Task]) -> Iterable[Task]:  # noqa: ARG002 - to be overridden
        """Tasks of this kind that the plan of `target` gets besides those that hooks recorded. Pure."""
        return ()

    def inputs(
        self,
        task: Task,  # noqa: ARG002 - to be overridden
        inputs: tuple[ResolvedInput, ...],
        store: Store,  # noqa: ARG002
    ) -> tuple[ResolvedInput, ...]:
        """Of the artifacts of its inputs those that it may see.

        Raises:
            EnvironmentNotReady: when a file that must be read for that was damaged since it was a hit.
            InputError: when the task must not be done with them, nor its result be used.
        """
        return inputs

    def counts(self, place: Place, name: str) -> bool:
        """Whether an artifact of an input can change the result, and is in the key therefore.

        Of a layer it is the list of what is installed: the same versions fetched again, from a newer index, change
        nothing.
        """
        if place is Place.LAYER:
            return name == INSTALLED
        if place is Place.IMAGE:
            return name == IMAGE_FACTS
        return is_content(name)

    def find(self, work: Work, hands: Hands) -> StoredResult | None:
        """The result, if it is there and holds still."""
        return hands.store.find(work.key, hands.rooms.isolation)

    def reason(self, work: Work, hands: Hands) -> str:
        """Why `find` found nothing: the first input that differs from the last result, or what is missing."""
        latest = hands.store.latest(work.task.name)
        if failure := _failure(work, hands, anyhow=latest is None):
            return failure
        if latest is None:
            return "no result is recorded"
        difference = first_difference(latest.inputs, work.covered, lambda digest: _manifest(work.task, digest, hands))
        if difference is not None:
            return str(difference)
        if latest.isolation < hands.rooms.isolation:
            return f"its result {_origin(latest.isolation)}, a fresher one is asked for"
        faults = ((item.name, hands.store.fault(item)) for item in latest.artifacts)
        return next((f"what it made {fault}: {name}" for name, fault in faults if fault), f"what it made {GONE}")

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:
        """Do the work; `write` gets each line that it prints. `anew` asks for more than finding what is there.

        Raises:
            BuildEnvError: for everything but a failure of the work itself.
        """
        raise NotImplementedError

    def evidence(self, work: Work, hands: Hands) -> Sequence[Path]:  # noqa: ARG002 - to be overridden
        """The files whose being as they are means that `find` answers as it did; results in the store need none."""
        return ()

    def claimed_by(self, work: Work) -> frozenset[str]:
        """What a task is claimed by: itself, because of its log and its kept files, and what it makes."""
        return frozenset({str(work.task.name), work.key})

    def log_name(self, task: Task) -> str:
        """The log's path below the directory of logs; a later attempt takes the place of an earlier one."""
        subject = task.subject.replace("/", "-").replace(" ", "-")
        words = filter(None, (subject, task.arch, task.stage, "log"))
        return f"{task.target.replace('/', '-')}/{'.'.join(words)}"


def _manifest(task: Task, digest: str, hands: Hands) -> bytes | None:
    """The manifest of a tree: of today's from the disk, of an earlier one from the store."""
    for tree in task.room.trees if task.room else ():
        if tree.digest == digest:
            return hands.trees.listing(hands.trees.root / tree.path, tree.leave_out).manifest()
    path = hands.store.path(Artifact(name="tree", digest=digest, size=0))
    data = path.read_bytes() if digest and path.is_file() else b""
    return data if digest_bytes(data) == digest else None


def _failure(work: Work, hands: Hands, *, anyhow: bool) -> str:
    """That the last attempt failed, and at what: with the same inputs, or `anyhow`."""
    attempt = hands.store.last_ended(work.task.name)
    if attempt is None or attempt.state is AttemptState.DONE or not (anyhow or attempt.key == work.key):
        return ""
    same = "" if attempt.key == work.key else ", with other inputs"
    log = f" (log {attempt.log})" if attempt.log else ""
    what = _UNFINISHED.get(attempt.state, "failed")
    said = f": {printable(attempt.message.splitlines()[0])}" if attempt.message else ""
    return f"the last attempt {what}{same}{said}{log}"


def _origin(isolation: Isolation) -> str:
    if isolation is Isolation.CONTINUED:
        return "was continued by hand"
    return f"comes from a {isolation.name.lower()} room"
