"""Owns the removal of rooms that are done with: in the background, while the next room starts.

The engine takes as long to end and remove a container as many stages take altogether. What cannot be removed now is
found by its labels and removed by the next run.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import InfrastructureError

if TYPE_CHECKING:
    from build_env.engines.docker import Connection

__all__ = ["Reaper"]

_THREADS = 2


@dataclass
class Reaper:
    """Removes containers; `close` waits until all are gone."""

    connection: Connection
    _pool: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="reaper")
    )

    def remove(self, container: str) -> None:
        """Remove the container soon; nothing in it may matter any more."""
        self._pool.submit(self._remove, container)

    def close(self) -> None:
        """Wait for the last one."""
        self._pool.shutdown()

    def _remove(self, container: str) -> None:
        with contextlib.suppress(InfrastructureError):
            self.connection.remove(container)
