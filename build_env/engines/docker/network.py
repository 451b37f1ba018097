"""Owns the network namespaces that rooms share: that of an idle container with a loopback only, and one with network.

Making a namespace costs half of starting a container, or two thirds with network; joining one is nearly free. The
price: rooms of one run that are at work at the same time share their loopback, so that two cannot listen on one port.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError
from build_env.engines.docker.containers import Container, create
from build_env.engines.layout import HOST_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.engines.docker.connection import Connection

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
        """The engine's network mode for a room; `image` and `labels` are for the idle container.

        Raises InfrastructureError.
        """
        with self._lock:
            if not self._container:
                self._container = self._start(image, labels)
            return f"container:{self._container}"

    def close(self, remove: Callable[[str], None]) -> None:
        """Let `remove` have the idle container."""
        with self._lock:
            if self._container:
                remove(self._container)
                self._container = ""

    def forget_ended(self) -> None:
        """Let the next room start another one if the idle container has ended: nothing can join it any more.

        Asked when a room could not be made or started, so that rooms pay nothing for it.
        """
        with self._lock:
            # Asked again below the lock: another thread may have started a new one since its room failed.
            if self._container and not self._running():
                with contextlib.suppress(BuildEnvError):
                    self.connection.remove(self._container)
                self._container = ""

    def _running(self) -> bool:
        with contextlib.suppress(BuildEnvError):  # it is gone, or the engine is
            return bool(self.connection.inspect(self._container)["State"]["Running"])
        return False

    def _start(self, image: str, labels: Mapping[str, str]) -> str:
        idle = Container(
            image=image,
            command=["/bin/sh", "-c", "read -r nothing"],
            open_input=True,
            user="65534:65534",
            network=self.kind,
            host_name=HOST_NAME,  # rooms that join take it over
            labels={**labels, "task": NETWORK},
        )
        identifier = create(self.connection, idle)
        try:
            self.connection.start(identifier)
        except BaseException:
            with contextlib.suppress(BuildEnvError):  # what went wrong first is what to tell
                self.connection.remove(identifier)
            raise
        return identifier
