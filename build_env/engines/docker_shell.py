"""Owns a shell held open in a running container: scripts go in through its pipe, output and exit status come back.

An exec per command costs fifty times as much. One script runs at a time; each has its own end mark.
"""

from __future__ import annotations

import secrets
import shlex
from typing import TYPE_CHECKING, Any

from build_env.core.errors import InfrastructureError
from build_env.engines.output import LineSplitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.engines.docker import Connection

__all__ = ["HeldShell"]

_HEADER = 8


class HeldShell:
    """A `/bin/sh` in `container` as `user`, fed through one exec."""

    def __init__(self, connection: Connection, container: str, user: str) -> None:
        """Start the shell."""
        self._connection = connection
        with connection.errors("starting a shell in a kept room"):
            created = connection.api.exec_create(container, ["/bin/sh"], stdin=True, user=user)
            self._stream: Any = connection.api.exec_start(created["Id"], socket=True)
            self._socket: Any = getattr(self._stream, "_sock", self._stream)

    def run(self, script: str, output: Callable[[str], None]) -> int:
        """Run `script` in a subshell without input; its exit status. Raises InfrastructureError when the shell dies."""
        mark = f"build-env-end-{secrets.token_hex(8)}"
        command = f"/bin/sh -c {shlex.quote(script)} </dev/null 2>&1; printf '\\n%s %s\\n' {mark} $?\n"
        status: list[int] = []
        blank = False  # an empty line is held back: one comes before the mark

        def line(text: str) -> None:
            nonlocal blank
            if text.startswith(f"{mark} "):
                status.append(int(text.split()[1]))
                return
            if blank:
                output("")
            blank = text == ""
            if text:
                output(text)

        splitter = LineSplitter(line)
        with self._connection.errors("talking to a kept room"):
            self._socket.sendall(command.encode())
            for chunk in self._frames():
                splitter.feed(chunk)
                if status:
                    return status[0]
        raise InfrastructureError("the kept room ended while a command ran in it")

    def close(self) -> None:
        """Let the shell end."""
        self._stream.close()

    def _frames(self) -> Iterator[bytes]:
        """Payloads of the engine's multiplexed stream: eight bytes of header with the length, then the payload."""
        while header := self._read(_HEADER):
            yield self._read(int.from_bytes(header[4:], "big"))

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            chunk: bytes = self._socket.recv(count - len(data))
            if not chunk:
                return b""
            data += chunk
        return data
