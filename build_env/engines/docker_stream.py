"""Owns the engine's multiplexed streams: what a container prints, chunk by chunk, from a connection taken over whole.

The SDK's own readers leave the connection open until the garbage collector comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Stream"]

_HEADER = 8
_MOST = 1 << 16


class Stream:
    """One connection, as the SDK hands it out when asked for a socket."""

    def __init__(self, opened: Any) -> None:  # noqa: ANN401 - the SDK's socket has many classes
        """Take over `opened`."""
        self._opened = opened
        self._socket = getattr(opened, "_sock", opened)

    def send(self, data: bytes) -> None:
        """Write to the container's side."""
        self._socket.sendall(data)

    def chunks(self) -> Iterator[bytes]:
        """What comes, until the other side ends: each frame has eight bytes with its length, then that many."""
        while header := self._read(_HEADER):
            yield self._read(int.from_bytes(header[4:], "big"))

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
        self._opened.close()

    def _read(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk: bytes = self._socket.recv(min(count - len(data), _MOST))
            if not chunk:
                return b""
            data += chunk
        return bytes(data)
