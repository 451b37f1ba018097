"""Owns the relay to the caller's SSH agent: a socket that a room's builder may open, for as long as the room lives.

The agent's own socket cannot be given to a room: only its owner may open it, and the builder of a root caller is
somebody else. The relay passes bytes on and keeps nothing; it must not understand or log what goes through.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import stat
import threading
from typing import TYPE_CHECKING

from build_env.core.disk import scratch
from build_env.core.errors import EnvironmentNotReady

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["is_socket", "relay"]

_NAME = "agent"
_CHUNK = 1 << 16
_WAITING = 8


def is_socket(path: str) -> bool:
    """Whether `path` is a socket; a variable that outlived its agent names none."""
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - the name may be empty or too long: both are OSErrors
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def relay(agent: str, directory: Path) -> Iterator[Path]:
    """Listen at a new socket below `directory` and connect every caller to `agent`; gone when the context ends.

    The socket is open to all, its directory to the caller alone: only who is handed the socket itself can use it.
    """
    with contextlib.ExitStack() as stack:
        try:
            own = stack.enter_context(scratch(directory, "ssh-"))
        except OSError as error:
            raise EnvironmentNotReady(f"the SSH agent cannot be passed on: {error}") from error
        stack.enter_context(_Relay(stack.enter_context(_listening(own)), agent))
        yield own / _NAME


@contextlib.contextmanager
def _listening(directory: Path) -> Iterator[socket.socket]:
    """A listening socket in `directory`, reached by a descriptor: the name of a socket may have 107 bytes only."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(f"/proc/self/fd/{handle}/{_NAME}")
            (directory / _NAME).chmod(0o666)
            server.listen(_WAITING)
            yield server
    finally:
        os.close(handle)


class _Relay:
    """One thread that moves bytes between the callers and the agent until the context ends."""

    def __init__(self, server: socket.socket, agent: str) -> None:
        self._server = server
        self._agent = agent
        self._selector = selectors.DefaultSelector()
        self._stop, self._stopped = socket.socketpair()
        self._peers: dict[socket.socket, socket.socket] = {}
        self._thread = threading.Thread(target=self._work, name="ssh-agent", daemon=True)

    def __enter__(self) -> None:
        self._selector.register(self._server, selectors.EVENT_READ)
        self._selector.register(self._stopped, selectors.EVENT_READ)
        self._thread.start()

    def __exit__(self, *ignored: object) -> None:
        self._stop.close()
        for end in list(self._peers):  # a room that does not read its answer must not hold the thread
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _work(self) -> None:
        with self._selector, self._stopped:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is self._stopped:
                        self._drop(*tuple(self._peers))
                        return
                    if key.fileobj is self._server:
                        self._accept()
                    elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._peers:
                        self._move(key.fileobj)

    def _accept(self) -> None:
        try:
            caller, _ = self._server.accept()
        except OSError:
            return
        agent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            agent.connect(self._agent)
        except OSError:  # the agent has ended: the caller finds its connection closed
            caller.close()
            agent.close()
            return
        self._peers |= {caller: agent, agent: caller}
        for end in (caller, agent):
            self._selector.register(end, selectors.EVENT_READ)

    def _move(self, end: socket.socket) -> None:
        """Pass on what `end` said. When it hangs up both do: agents drop requests of a caller that has hung up, too."""
        try:
            data = end.recv(_CHUNK)
            if data:
                self._peers[end].sendall(data)
        except OSError:
            data = b""
        if not data:
            self._drop(end, self._peers[end])

    def _drop(self, *ends: socket.socket) -> None:
        for end in ends:
            del self._peers[end]
            self._selector.unregister(end)
            end.close()
