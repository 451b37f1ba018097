"""Owns the Protocols between the parts: engine, store, executor, publisher, event sink.

The scheduler and the plan know these and no concrete class; `app/` connects them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from build_env.model.artifact import Artifact, Isolation, StoredResult
    from build_env.model.attempt import Attempt, AttemptState
    from build_env.model.events import Event
    from build_env.model.identity import TaskName
    from build_env.model.image import ImageDescription, ImageInventory
    from build_env.model.result import TaskResult
    from build_env.model.room import RoomEntry, RoomOutcome, RoomSpec
    from build_env.model.task import Task
    from build_env.model.work import Work

__all__ = [
    "Claim",
    "Engine",
    "EventSink",
    "Executor",
    "ImageEngine",
    "Objects",
    "Publisher",
    "Store",
]


class Engine(Protocol):
    """Makes rooms."""

    @property
    def isolation(self) -> Isolation:
        """The rank of the results its rooms give."""

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """Make the room, run its commands in order until one fails, collect `out/`, remove the room.

        `output` receives each printed line. Raises InfrastructureError when the engine itself fails.
        """

    def cancel(self) -> None:
        """Kill all rooms that are running; their `run` returns or raises soon. Callable from any thread."""


class ImageEngine(Protocol):
    """Makes images and layers; only engines with images have it."""

    def describe(self, reference: str) -> ImageDescription | None:
        """The image `reference` as the engine knows it, or None."""

    def build(  # noqa: PLR0913 - all by keyword: what a Dockerfile build has
        self,
        *,
        dockerfile: str,
        context: RoomEntry | None,
        object_path: Callable[[str], Path],
        tag: str,
        arguments: Mapping[str, str],
        labels: Mapping[str, str],
        platform: str,
        output: Callable[[str], None],
    ) -> ImageDescription:
        """Build `dockerfile` (its text) and tag it. Raises TaskError when a step of it fails.

        `object_path` tells where the objects of its `context` lie.
        """

    def pull(self, reference: str, platform: str, output: Callable[[str], None]) -> ImageDescription | None:
        """Fetch `reference` from a registry; None when none answers or it is not there."""

    def cancel(self) -> None:
        """End all builds that are running; their `build` raises soon. Callable from any thread."""

    def tag(self, reference: str, name: str) -> None:
        """Give the image `reference` the name `name`, too."""

    def load_rootfs(self, archive: Path, *, tag: str, architecture: str, labels: Mapping[str, str]) -> ImageDescription:
        """Make an image whose config names `architecture` from a root file system tar."""

    def commit_layer(self, spec: RoomSpec, tag: str, output: Callable[[str], None]) -> RoomOutcome:
        """Run the install commands of `spec` as root and keep the result as image `tag`, without the build root.

        `spec.collect` gets what the commands left in `out/`, and `packages.txt`: what is installed then.
        """

    def inventory(self, reference: str) -> ImageInventory:
        """What is installed in an image, and from which package index more would be installed."""


class Objects(Protocol):
    """Content-addressed files: all that a worker needs of a store."""

    def ingest(self, directory: Path) -> tuple[Artifact, ...]:
        """Move every regular file below `directory` into the store."""

    def put(self, name: str, data: bytes, *, durable: bool = True) -> Artifact:
        """Store `data` as an artifact called `name`; what need not outlive a power cut may be not `durable`."""

    def path(self, artifact: Artifact) -> Path:
        """The stored file, read-only."""


class Store(Objects, Protocol):
    """Content-addressed files plus the record of results."""

    def find(self, key: str, isolation: Isolation) -> StoredResult | None:
        """The result recorded for `key` at that rank or a higher one, if all its artifacts are there and whole."""

    def put_file(self, name: str, file: Path) -> Artifact:
        """Store a copy of `file`, however large; it need not outlive a power cut."""

    def damaged(self, digest: str) -> bool:
        """Whether the object with that digest is not there, or is not what it was."""

    def latest(self, task: TaskName) -> StoredResult | None:
        """The result recorded last for a task, whatever its key."""

    def fault(self, artifact: Artifact) -> str:
        """What is wrong with the stored file in a few words: it is gone, or damaged; empty when it is whole."""

    def begin(self, task: TaskName, key: str, log: str = "") -> str:
        """A new attempt of this run at a task, which writes `log`; its id."""

    def record(self, result: StoredResult, attempt: str) -> None:
        """Remember a result and end its attempt in one transaction; its artifacts are already in the store.

        Raises StaleAttempt, and records nothing, when the attempt is not running any more.
        """

    def end(  # noqa: PLR0913 - what is known of an attempt
        self,
        attempt: str,
        state: AttemptState,
        *,
        seconds: float,
        message: str = "",
        log: str = "",
        peak_memory: int = 0,
        isolation: Isolation | None = None,
    ) -> None:
        """Remember how an attempt without a result ended; one that is not running any more stays as it is."""

    def history(self, tasks: Collection[TaskName], limit: int = 5) -> Mapping[TaskName, tuple[Attempt, ...]]:
        """The last attempts at each of `tasks` that have ended, newest first."""

    def last_ended(self, task: TaskName) -> Attempt | None:
        """The last attempt at a task that has ended."""


class Publisher(Protocol):
    """Collects what `run_deploy` deploys and puts it into repositories in one transaction each."""

    def holds(self, work: Work) -> bool:
        """Whether everything that `work` deploys is published already."""

    def evidence(self, work: Work) -> Sequence[Path]:
        """The files whose being as they are means that `holds` answers as it did."""

    def add(self, work: Work, output: Callable[[str], None]) -> None:
        """Write the plain results and take the packages into the open transaction."""

    def tar(self, work: Work) -> Path:
        """Write the archive of everything built for one architecture."""

    def commit(self, tell: Callable[[str], None], tasks: Collection[TaskName] | None = None) -> Sequence[str]:
        """Publish what `tasks` added, or all that was added, in one transaction; the lines to tell of these.

        What was published before is not published again; `tell` gets what a person should know of the rest.
        """


class Claim(Protocol):
    """The right to do a task, held against all threads and processes."""

    def close(self) -> None:
        """Let others do it; a second call does nothing."""


class Executor(Protocol):
    """Runs one ready task."""

    def work(self, task: Task, stored: Mapping[TaskName, StoredResult]) -> Work:
        """The task with its inputs, whose results are `stored` by task, and the key that they make."""

    def find(self, work: Work) -> StoredResult | None:
        """The stored result, if it is valid still: effects are looked up where they took place."""

    def reason(self, work: Work) -> str:
        """Why `find` found nothing: the first input that differs from the last result, or what is missing."""

    def claim(self, work: Work) -> Claim | None:
        """The right to do the task, taken without waiting; None when somebody else does it now."""

    def owner(self, work: Work) -> str:
        """Who does the task now, in a few words; nothing when nobody does, or it does not say."""

    def run(self, work: Work, output: Callable[[str], None]) -> TaskResult:
        """Do the task; a failure of its work comes back as a result, everything else is raised as BuildEnvError."""

    def cancel(self) -> None:
        """Stop what runs; callable from any thread."""


class EventSink(Protocol):
    """Receives the events of a run, from one thread at a time."""

    def __call__(self, event: Event) -> None:
        """Take note of `event`."""
