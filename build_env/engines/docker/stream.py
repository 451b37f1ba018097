"""Owns the engine's multiplexed streams: what a container prints, frame by frame, from a connection taken over whole.

The SDK's own readers leave the connection open until the garbage collector comes, and nothing can end them.
"""

from __future__ import annotations

import contextlib
import math
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from build_env.engines.docker.patience import Patience

__all__ = ["Stream"]

_HEADER = 8
_ERROR = 2  # the first byte of a frame's header
_MOST = 1 << 16


class Stream:
    """One connection, as the SDK hands it out when asked for a socket. A build may be silent as long as it likes."""

    def __init__(self, opened: Any, patience: Patience) -> None:  # noqa: ANN401 - the SDK's socket has many classes
        """Take over `opened`; the reading thread's own end in `patience` is the only limit."""
        self._opened = opened
        self._socket = getattr(opened, "_sock", opened)
        self._patience = patience

    def send(self, data: bytes) -> None:
        """Write to the container's side. Raises TimeoutError when the thread's time is up."""
        self._limit()
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
        """Hang up."""
        self._socket.close()
        self._opened.close()

    def _limit(self) -> None:
        left = self._patience.left()
        self._socket.settimeout(None if math.isinf(left) else left)

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            self._limit()
            chunk: bytes = self._socket.recv(min(count - len(data), _MOST))
            if not chunk:
                return b""
            data += chunk
        return bytes(data)
