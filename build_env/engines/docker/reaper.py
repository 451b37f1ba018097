"""Owns the removal of rooms that are done with: in the background, while the next room starts.

The engine takes as long to end and remove a container as many stages take altogether. What cannot be removed now is
found by its labels and removed by the next run.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError

if TYPE_CHECKING:
    from build_env.engines.docker.connection import Connection

__all__ = ["Reaper"]

_THREADS = 2
_HURRIED = 2.0  # seconds


@dataclass
class Reaper:
    """Removes containers. Its threads are daemons: one that the engine never answers must not keep the process."""

    connection: Connection
    _waiting: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _threads: list[threading.Thread] = field(default_factory=list)
    _change: threading.Condition = field(default_factory=threading.Condition)
    _left: int = 0

    def remove(self, container: str) -> None:
        """Remove the container soon; nothing in it may matter any more."""
        with self._change:
            self._left += 1
            if len(self._threads) < min(_THREADS, self._left):
                self._threads.append(threading.Thread(target=self._work, name="reaper", daemon=True))
                self._threads[-1].start()
        self._waiting.put(container)

    def close(self) -> None:
        """Wait for the last one, behind which the threads end.

        As long as there is progress; after a hurry no more than seconds for each.
        """
        patience = self.connection.patience
        with self._change:
            for _ in self._threads:
                self._waiting.put("")
            while (left := self._left) and self._change.wait_for(
                lambda: self._left < left,
                timeout=_HURRIED if patience.hurried else patience.usual,
            ):
                pass

    def _work(self) -> None:
        while True:
            container = self._waiting.get()
            if not container:
                return
            try:
                with contextlib.suppress(BuildEnvError):
                    self.connection.remove(container)
            finally:  # also a defect must not let `close` wait for this one
                with self._change:
                    self._left -= 1
                    self._change.notify_all()
