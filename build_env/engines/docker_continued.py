"""Owns the running of a task's last commands in a room that is there already: a copy of the one it failed in.

The lowest rank of isolation: what a person did in the room before is in the result.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.engines.docker_shell import HeldShell
from build_env.engines.inline import Receiver
from build_env.engines.layout import BUILD_ROOT, room_script
from build_env.model.artifact import Isolation
from build_env.model.command import Role
from build_env.model.room import RoomOutcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.engines.docker import Connection
    from build_env.model.room import RoomSpec

__all__ = ["ContinuedRoom"]


@dataclass
class ContinuedRoom:
    """The `Engine` port on one running container; `command` is the number of the first command that is run."""

    connection: Connection
    container: str
    user: str
    command: int

    @property
    def isolation(self) -> Isolation:
        """See `Engine.isolation`."""
        return Isolation.CONTINUED

    def run(self, spec: RoomSpec, output: Callable[[str], None]) -> RoomOutcome:
        """See `Engine.run`: what the room must hold is in it, its environment is the container's own."""
        commands = [command for command in spec.commands if command.role is Role.RUN]
        results = {"out": spec.collect, **({"downloads": spec.downloads} if spec.downloads else {})}
        receiver = Receiver(output)
        script = f"{receiver.measuring(kept=True)}cd {BUILD_ROOT}\n"
        script += room_script(commands, BUILD_ROOT, first=self.command) + receiver.script(BUILD_ROOT, *results)
        with contextlib.closing(HeldShell(self.connection, self.container, self.user)) as shell:
            status = shell.run(script, receiver.line)
        receiver.flush()
        if status == 0:
            self.connection.fetch(self.container, receiver.archive(), results)
        self.command = receiver.command or self.command
        message = f"exit status {status}" if status else ""
        return RoomOutcome(status=status, message=message, peak_memory=receiver.peak_memory)

    def cancel(self) -> None:
        """See `Engine.cancel`."""
        with contextlib.suppress(Exception):  # it may have ended
            self.connection.api.kill(self.container)
