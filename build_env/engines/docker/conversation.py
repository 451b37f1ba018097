"""Owns what is said to a room and what it answers: commands become a script, its marks an outcome, its words results.

The same for every room, fresh or kept, whoever runs the script in it.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.engines.collecting import RESULTS, unpack
from build_env.engines.inline import Receiver
from build_env.engines.layout import (
    ARCHIVES,
    BUILD_ROOT,
    EVERY,
    INSTALLED,
    LIST_PACKAGES,
    commands_of,
    limiting_script,
    room_script,
)
from build_env.engines.supervisor import MARK, measuring_script
from build_env.model.command import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from build_env.engines.docker.connection import Connection
    from build_env.engines.supervisor import Supervisor
    from build_env.model.room import RoomOutcome, RoomSpec

__all__ = ["Conversation"]


@dataclass(kw_only=True)
class Conversation:
    """The commands of `spec` with that role and these numbers, from 1 on, told to one room.

    `exported` is set by the script itself, where the container must not carry it, and what is in the file `secrets` of
    the build root by reading that: the engine remembers scripts. A room that is `kept` has a memory
    counter that goes on. `returned` are the directories of the build root that come back, and where to, where it is not
    what the room is for. What a room installs is listed, and its results are asked for: they may be gigabytes.

    With a `supervisor` the script is root's, and its last words are believed. Without one it is that of whoever runs
    the commands: how they ended is the engine's to say then.
    """

    spec: RoomSpec
    output: Callable[[str], None]
    role: Role = Role.RUN
    exported: Mapping[str, str] = field(default_factory=dict)
    secrets: str = ""
    supervisor: Supervisor | None = None
    numbers: range = EVERY
    returned: Mapping[str, Path] | None = None

    def __post_init__(self) -> None:
        """Prepare the marks, which are new for each conversation."""
        self.receiver = Receiver(self.output, trusted=self.supervisor is not None)
        self.commands = commands_of(self.spec, self.role)

    @property
    def results(self) -> dict[str, Path]:
        """The directories of the build root that come back, and where to."""
        if self.returned is not None:
            return dict(self.returned)
        downloads = self.spec.downloads if self.role is Role.RUN else None
        return {"out": self.spec.collect, **({"downloads": downloads} if downloads else {})}

    @property
    def network(self) -> bool:
        """Whether a command needs it."""
        return any(command.network for command in self.commands[self.numbers.start - 1 : self.numbers.stop - 1])

    @property
    def environment(self) -> dict[str, str]:
        """The variable with which the script must be started; nobody but root may see it."""
        return {MARK: self.receiver.mark} if self.supervisor else {}

    @property
    def script(self) -> str:
        """What the room's shell gets. Its last words are the marks that `Receiver` waits for, whatever fails."""
        supervisor = self.supervisor
        kept = supervisor is not None and supervisor.kept
        commands = limiting_script(self.spec.limits.files)
        commands += room_script(
            self.commands,
            BUILD_ROOT,
            exported=self.exported,
            umask=self.spec.variation.umask,
            numbers=self.numbers,
            become=supervisor.become if supervisor else "",
        )
        if self.secrets:
            file = f"{BUILD_ROOT}/{self.secrets}"
            commands = f". {file} && rm -f {file} || exit\n{commands}"
        if self.role is Role.INSTALL:
            commands = f"mkdir -p {BUILD_ROOT}/{ARCHIVES} || exit\n{commands}"
        if (self.role is Role.INSTALL and RESULTS in self.results) or (kept and not self.commands):
            # a layer: what the room has now
            commands += f"{LIST_PACKAGES} >{BUILD_ROOT}/{INSTALLED}\n"
        if supervisor is None:
            return f"{measuring_script(self.receiver.mark)}{commands}exit 0\n"
        return supervisor.around(f"cd {BUILD_ROOT}\n{commands}", BUILD_ROOT, *self.results)

    def hold(self, connection: Connection, container: str, talk: Callable[[], RoomOutcome]) -> RoomOutcome:
        """Let `talk` run the script and tell `receiver` each line; fetch what came of it when all went well.

        Raises what `talk` raises, InfrastructureError when results cannot be fetched, TaskError when they cannot be
        kept, Interrupted after `cancel`, OutOfTime.
        """
        outcome = talk()
        self.receiver.flush()
        if outcome.status == 0:
            _fetch(connection, container, self.receiver.archive(), self.results)
        return replace(outcome, peak_memory=self.receiver.peak_memory)


def _fetch(connection: Connection, container: str, printed: bytes | None, results: Mapping[str, Path]) -> None:
    """Bring results to the host: `printed` is the tar that the room printed, without it the engine is asked."""
    if printed is not None:
        unpack([printed], results)
        return
    with connection.errors("fetching results"):
        for name, path in results.items():
            chunks: Iterator[bytes]
            chunks, _ = connection.api.get_archive(container, f"{BUILD_ROOT}/{name}")
            # Closed also on an error: the engine does not remove a container that it still reads from.
            with contextlib.closing(chunks):  # type: ignore[type-var]  # a generator
                unpack(connection.in_time(chunks), {name: path})
