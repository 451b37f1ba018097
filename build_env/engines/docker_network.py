"""Owns the network namespaces that rooms share: that of an idle container with a loopback only, and one with network.

Making a namespace costs half of starting a container, or two thirds with network; joining one is nearly free. The
price: rooms of one run that are at work at the same time share their loopback, so that two cannot listen on one port.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.engines.docker import LABEL
from build_env.engines.layout import HOST_NAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.engines.docker import Connection

__all__ = ["NETWORK", "SharedNetwork"]

NETWORK = "network"  # what the idle container is labelled as, where rooms name their task


@dataclass
class SharedNetwork:
    """Started with the first room that joins it; `close` ends it. `kind` is the engine's: `none` or `bridge`."""

    connection: Connection
    kind: str
    _container: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def mode(self, image: str, labels: Mapping[str, str]) -> str:
        """The engine's network mode for a room; `image` and `labels` are for the idle container."""
        with self._lock:
            if not self._container:
                self._container = self._start(image, labels)
            return f"container:{self._container}"

    def close(self) -> None:
        """Remove the idle container; what an engine that is gone held, is gone, too."""
        with self._lock:
            if self._container:
                with contextlib.suppress(Exception):
                    self.connection.remove(self._container)
                self._container = ""

    def forget_ended(self) -> None:
        """Let the next room start another one if the idle container has ended: nothing can join it any more.

        Asked when a room could not be made or started, so that rooms pay nothing for it.
        """
        with self._lock:
            if self._container and not self._running():
                with contextlib.suppress(Exception):
                    self.connection.remove(self._container)
                self._container = ""

    def _running(self) -> bool:
        with contextlib.suppress(Exception):  # it is gone, or the engine is
            return bool(self.connection.api.inspect_container(self._container)["State"]["Running"])
        return False

    def _start(self, image: str, labels: Mapping[str, str]) -> str:
        api = self.connection.api
        with self.connection.errors("making the network of rooms"):
            host = api.create_host_config(
                network_mode=self.kind, cap_drop=["ALL"], security_opt=["no-new-privileges"], init=False
            )
            created = api.create_container(
                image,
                ["/bin/sh", "-c", "read -r nothing"],  # waits for input that never comes
                stdin_open=True,
                user="65534:65534",
                hostname=HOST_NAME,  # rooms that join take it over
                host_config=host,
                labels={f"{LABEL}.{name}": value for name, value in {**labels, "task": NETWORK}.items()},
            )
            identifier: str = created["Id"]
            try:
                api.start(identifier)
            except BaseException:
                with contextlib.suppress(Exception):  # what went wrong first is what to tell
                    self.connection.remove(identifier)
                raise
        return identifier
