"""Owns the engine's multiplexed streams: what a container prints, frame by frame, from a connection taken over whole.

The SDK's own readers leave the connection open until the garbage collector comes, and nothing can end them.
"""

from __future__ import annotations

import contextlib
import math
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from build_env.engines.docker.patience import Patience

__all__ = ["Stream"]

_HEADER = 8
_ERROR = 2  # the first byte of a frame's header
_MOST = 1 << 16


class Stream:
    """One connection, as the SDK hands it out when asked for a socket. A build may be silent as long as it likes."""

    def __init__(self, opened: Any, patience: Patience, ask: Callable[[], object]) -> None:  # noqa: ANN401 - the SDK's
        """Take over `opened`. `ask` raises when the engine does not answer: then a silence is not the build's.

        The reading thread's own end in `patience` is an end in any case.
        """
        self._opened = opened
        self._socket = getattr(opened, "_sock", opened)
        self._patience = patience
        self._ask = ask
        self._response = getattr(opened, "_response", None)
        self._rest = _read_ahead(self._response, self._socket)

    def send(self, data: bytes) -> None:
        """Write to the container's side. Raises TimeoutError when the thread's time is up."""
        left = self._patience.left()
        self._socket.settimeout(None if math.isinf(left) else left)
        self._socket.sendall(data)

    def chunks(self) -> Iterator[bytes]:
        """What comes, until the other side ends. Raises TimeoutError when the thread's time is up."""
        return (data for _, data in self.frames())

    def frames(self) -> Iterator[tuple[bool, bytes]]:
        """As `chunks`, with whether it came to standard error.

        Each frame has eight bytes, the kind in the first and the length in the last four, then that many.
        """
        while header := self._read(_HEADER):
            yield header[0] == _ERROR, self._read(int.from_bytes(header[4:], "big"))

    def cut(self) -> None:
        """Let the thread that reads wake up with the end of the stream; callable from any thread."""
        with contextlib.suppress(OSError):  # closed already
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up, the answer first: left to the garbage collector it would complain of the socket that it lost."""
        if self._response is not None:
            self._response.close()
        self._socket.close()
        self._opened.close()

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk = self._rest[: count - len(data)] or self._receive(min(count - len(data), _MOST))
            self._rest = self._rest[len(chunk) :]
            if not chunk:
                return b""
            data += chunk
        return bytes(data)

    def _receive(self, most: int) -> bytes:
        while True:
            left, usual = self._patience.left(), self._patience.usual
            self._socket.settimeout(min(left, usual))
            try:
                received: bytes = self._socket.recv(most)
            except TimeoutError:
                if left > usual:
                    self._ask()
            else:
                return received


def _read_ahead(response: Any, connection: socket.socket) -> bytes:  # noqa: ANN401 - the SDK's
    """What came together with the head of the answer: that was read through a buffer, which nobody looks into again."""
    if response is None:
        return b""
    before = connection.gettimeout()
    connection.settimeout(0)  # so that an empty buffer is not filled
    try:
        return bytes(response.raw._fp.fp.peek())  # noqa: SLF001 - the SDK goes the same way to the socket
    except (OSError, AttributeError):  # an encrypted connection has nothing to read yet, one by ssh has no such buffer
        return b""
    finally:
        connection.settimeout(before)
