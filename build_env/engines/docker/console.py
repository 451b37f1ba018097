"""Owns a person's way into a running container: a command with its output and exit status, or a terminal session.

Uses the engine's socket only: no `docker` program is needed, and a Podman socket works too.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import termios
import tty
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from build_env.engines.docker.connection import Connection

__all__ = ["LOGIN", "Inside"]

LOGIN = ("/bin/sh", "-c", "if [ -x /bin/bash ]; then exec /bin/bash; else exec /bin/sh; fi")
_CHUNK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Inside:
    """A running container, and how it is entered: user, directory, environment beside the container's own."""

    connection: Connection
    container: str
    user: str
    directory: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def command(self, argv: Sequence[str], standard_output: BinaryIO, standard_error: BinaryIO) -> int:
        """Run `argv` without input, its two outputs apart; its exit status."""
        with self.connection.errors("running a command in a room"):
            identifier = self._create(argv, terminal=False)
            with contextlib.closing(self.connection.executed(identifier)) as stream:
                for is_error, data in stream.frames():
                    shown = standard_error if is_error else standard_output
                    shown.write(data)
                    shown.flush()
            return self._status(identifier)

    def terminal(self, argv: Sequence[str]) -> int:
        """Join this process's terminal to `argv` until that ends; its exit status."""
        with self.connection.errors("running a shell in a room"):
            identifier = self._create(argv, terminal=True)
            stream = self.connection.api.exec_start(identifier, tty=True, socket=True)
            sock: Any = getattr(stream, "_sock", stream)
            try:
                with _raw(sys.stdin.fileno()), self._sized(identifier):
                    _pump(sock, sys.stdin.fileno(), sys.stdout.fileno())
            finally:
                stream.close()
            return self._status(identifier)

    def _create(self, argv: Sequence[str], *, terminal: bool) -> str:
        environment = dict(self.environment)
        if terminal:
            environment["TERM"] = os.environ.get("TERM", "dumb")
        created = self.connection.api.exec_create(
            self.container,
            list(argv),
            stdin=terminal,
            tty=terminal,
            user=self.user,
            workdir=self.directory,
            environment=environment,
        )
        identifier: str = created["Id"]
        return identifier

    def _status(self, identifier: str) -> int:
        return int(self.connection.api.exec_inspect(identifier)["ExitCode"] or 0)

    @contextlib.contextmanager
    def _sized(self, identifier: str) -> Iterator[None]:
        """Keep the inner terminal as large as the outer one."""

        def resize(*_: object) -> None:
            columns, lines = shutil.get_terminal_size()
            with contextlib.suppress(Exception):  # the shell may have ended
                self.connection.api.exec_resize(identifier, height=lines, width=columns)

        before = signal.signal(signal.SIGWINCH, resize)
        resize()
        try:
            yield
        finally:
            signal.signal(signal.SIGWINCH, before)


@contextlib.contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """Hand every key through, Ctrl-C included; the terminal is as before afterwards."""
    before = termios.tcgetattr(terminal)
    try:
        tty.setraw(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _pump(sock: Any, keys: int, screen: int) -> None:  # noqa: ANN401 - the SDK's socket has many classes
    """Copy both ways until the container's side ends."""
    sources = [sock, keys]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if sock in ready:
            data = sock.recv(_CHUNK)
            if not data:
                return
            _write_all(screen, data)
        if keys in ready:
            data = os.read(keys, _CHUNK)
            if data:
                sock.sendall(data)
            else:
                sources.remove(keys)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
