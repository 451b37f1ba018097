"""Owns containers that live as long as one script: each made, filled, started, followed, and removed or kept.

What runs in them, and as whom, is decided in `rooms` and `images`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, InfrastructureError, Interrupted
from build_env.engines.docker.connection import NO_HANDLER, Connection, OutOfTime, no_handler
from build_env.engines.docker.containers import create
from build_env.engines.docker.leftovers import KEPT_FAILURES, drop_failed, failed_name
from build_env.engines.docker.reaper import Reaper
from build_env.engines.layout import outcome_of, timed_out
from build_env.engines.output import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from build_env.engines.docker.containers import Container
    from build_env.engines.inline import Receiver
    from build_env.model.room import RoomOutcome, RoomSpec

__all__ = ["FreshContainers", "in_time"]

_KILLED = 137


def in_time(connection: Connection, spec: RoomSpec, work: Callable[[], RoomOutcome]) -> RoomOutcome:
    """Let the work on a room end when its time is up, whatever the engine does then."""
    with connection.patience.limited(spec.limit.seconds if spec.limit else None):
        try:
            return work()
        except OutOfTime:
            return timed_out(spec)


@dataclass
class FreshContainers:
    """The containers of one run; of the failed rooms of `project` the last are kept."""

    connection: Connection
    project: str
    _kept: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Nothing is made yet."""
        self._reaper = Reaper(connection=self.connection)

    def close(self) -> None:
        """Wait until all are gone; none may be made after."""
        self._reaper.close()

    @contextlib.contextmanager
    def made(self, container: Container, archive: Iterable[bytes] | None = None) -> Iterator[str]:
        """A container that is not started yet, `archive` unpacked in it; removed at the end unless it was kept.

        Raises InfrastructureError.
        """
        if self.connection.cancelled:
            raise Interrupted("stopped")
        identifier = create(self.connection, container)
        try:
            if archive is not None:
                self.connection.put(identifier, archive)
            yield identifier
        except BaseException:
            if identifier not in self._kept:
                with contextlib.suppress(BuildEnvError):  # what went wrong first is what to tell
                    self.connection.remove(identifier)
            raise
        if identifier not in self._kept:
            self._reaper.remove(identifier)

    def follow(self, container: str, spec: RoomSpec, receiver: Receiver) -> RoomOutcome:
        """Start the container, take what it prints, wait until a script that can be believed has told its end.

        Else until the engine tells it. Raises Interrupted after `cancel`, InfrastructureError when the engine fails or
        somebody kills the room, TaskError when it prints more than it may.
        """
        refused: list[str] = []

        def heard(line: str) -> None:
            refused.extend([line] if line.strip() == NO_HANDLER else [])
            receiver.line(line)

        lines = LineSplitter(heard, spec.limits.log)

        def told(_is_error: bool, data: bytes) -> int | None:  # noqa: FBT001 - as `listen` gives it
            lines.feed(data)
            return receiver.ended

        try:
            status = self.listen(container, told)
        except OutOfTime:  # this thread has seconds left now, for the kill and for keeping the room
            receiver.flush()
            self.connection.kill(container)
            return timed_out(spec)
        lines.close()
        receiver.flush()
        if status and refused:
            raise no_handler(refused[0])
        outcome = outcome_of(status)
        return self._judged(container, outcome, told=receiver.status is not None) if status == _KILLED else outcome

    def listen(self, container: str, told: Callable[[bool, bytes], int | None]) -> int:
        """Start the container and hand over what it prints; its exit status, or that which `told` found in its words.

        Attached before the start, so that no word is lost. Raises Interrupted after `cancel`, OutOfTime,
        InfrastructureError when the engine fails.
        """
        connection, status = self.connection, None
        with connection.errors("running a room"), contextlib.closing(connection.attached(container)) as stream:
            connection.start(container)
            for is_error, data in stream.frames():
                status = told(is_error, data)
                if status is not None:
                    break  # the engine takes its time to see that the container has ended
        if connection.cancelled:  # which ends the stream, not the container
            raise Interrupted("stopped")
        return connection.await_end(container) if status is None else status

    def _judged(self, container: str, outcome: RoomOutcome, *, told: bool) -> RoomOutcome:
        """Tell who killed a command: the kernel for want of memory, something in the room, or somebody outside.

        Nothing in a room can kill its first process, which tells how the commands ended.
        """
        self.connection.await_end(container)  # only then the engine tells
        if self.connection.inspect(container)["State"]["OOMKilled"]:
            return replace(outcome, message=f"{outcome.message}: killed, because the room ran out of memory")
        if not told:
            raise InfrastructureError("the room was killed from outside", hint="run the same command again")
        return outcome

    def keep_failed(self, container: str, command: int) -> None:
        """Keep the stopped room of a failed task for a look inside; of the last three tasks of a project.

        An engine that fails at it does not make the failure of the task any other: then the room is not kept.
        """
        with contextlib.suppress(BuildEnvError):
            with self.connection.errors("keeping a failed room"):
                self.connection.api.rename(container, failed_name(container[:12], command))
            self._kept.add(container)  # ahead of what may fail: the name says already that it is kept
            self.connection.await_end(container)
            drop_failed(self.connection, self.project, most=KEPT_FAILURES)
