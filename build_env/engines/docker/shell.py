"""Owns a shell held open in a running container: scripts go in through its pipe, output and exit status come back.

An exec per command costs fifty times as much. One script runs at a time; each has its own end mark.
"""

from __future__ import annotations

import re
import secrets
import shlex
from typing import TYPE_CHECKING

from build_env.core.errors import InfrastructureError, Interrupted
from build_env.engines.output import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.engines.docker.connection import Connection

__all__ = ["HeldShell"]


class HeldShell:
    """A `/bin/sh` in `container` as `user`, fed through one exec."""

    def __init__(self, connection: Connection, container: str, user: str) -> None:
        """Start the shell. Raises InfrastructureError."""
        self._connection = connection
        with connection.errors("starting a shell in a kept room"):
            created = connection.api.exec_create(container, ["/bin/sh"], stdin=True, user=user)
            self._stream = connection.executed(created["Id"])

    def run(
        self, script: str, output: Callable[[str], None], environment: Mapping[str, str] | None = None, most: int = 0
    ) -> int:
        """Run `script` in a shell of its own without input, which gets `environment`, too; its exit status.

        Raises InfrastructureError when the shell dies, Interrupted after `cancel`, OutOfTime, TaskError when it prints
        more than `most` bytes.
        """
        # A new mark each time: what an earlier script left running may still print an old one.
        mark = f"build-env-end-{secrets.token_hex(8)}"
        # A shell below this one, which the script's `exit` does not end; without input, or it would read what is ours.
        # What only it may see comes by the environment: everybody reads the arguments of a process.
        given = "".join(f"{name}={shlex.quote(value)} " for name, value in (environment or {}).items())
        command = f"{given}/bin/sh -c {shlex.quote(script)} </dev/null 2>&1; printf '\\n%s %s\\n' {mark} $?\n"
        ended = re.compile(rf"{mark} ([0-9]{{1,3}})")
        status: list[int] = []
        blank = False  # an empty line is held back: one comes before the mark

        def line(text: str) -> None:
            nonlocal blank
            if told := ended.fullmatch(text):
                status.append(int(told[1]))
                return
            if blank:
                output("")
            blank = text == ""
            if text:
                output(text)

        splitter = LineSplitter(line, most)
        with self._connection.errors("talking to a kept room"):
            self._stream.send(command.encode())
            for chunk in self._stream.chunks():
                splitter.feed(chunk)
                if status:
                    return status[0]
        if self._connection.cancelled:
            raise Interrupted("stopped")
        raise InfrastructureError("the kept room ended while a command ran in it")

    def close(self) -> None:
        """Let the shell end."""
        self._stream.close()
