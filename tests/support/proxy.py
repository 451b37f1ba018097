"""Owns an engine that stops answering at a moment that a test chooses: a relay to this machine's engine.

A frozen relay takes connections and what is sent, as a stopped daemon's sockets do, and passes nothing on.
"""

from __future__ import annotations

import contextlib
import re
import socket
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Relay", "relay"]

_ENGINE = "/var/run/docker.sock"
_CHUNK = 1 << 16


@dataclass
class Relay:
    """A listening relay; `frozen` tells that its moment has come."""

    address: str
    server: socket.socket
    moment: re.Pattern[bytes] | None
    frozen: threading.Event = field(default_factory=threading.Event)
    _ends: list[socket.socket] = field(default_factory=list)

    def freeze(self) -> None:
        """Stop now."""
        self.frozen.set()

    def serve(self) -> None:
        """Take connections until the server is closed."""
        while True:
            try:
                caller, _ = self.server.accept()
            except OSError:
                return
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(_ENGINE)
            self._ends += [caller, engine]
            for source, sink in ((caller, engine), (engine, caller)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_CHUNK):
                if self.moment and self.moment.search(data):
                    self.frozen.set()
                if not self.frozen.is_set():
                    sink.sendall(data)
            if not self.frozen.is_set():
                sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up everywhere."""
        for end in (self.server, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def relay(kind: str, moment: str = "") -> Iterator[Relay]:
    """A relay at a local socket (`unix`) or a port (`tcp`); freezes when bytes that match `moment` come either way."""
    with tempfile.TemporaryDirectory(prefix="be-relay-") as directory:
        path = Path(directory) / "s"
        server = socket.socket(socket.AF_UNIX if kind == "unix" else socket.AF_INET)
        server.bind(str(path) if kind == "unix" else ("127.0.0.1", 0))
        server.listen()
        address = f"unix://{path}" if kind == "unix" else f"tcp://127.0.0.1:{server.getsockname()[1]}"
        made = Relay(address=address, server=server, moment=re.compile(moment.encode()) if moment else None)
        threading.Thread(target=made.serve, daemon=True).start()
        try:
            yield made
        finally:
            made.close()
