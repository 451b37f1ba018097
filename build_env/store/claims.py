"""Owns claims: the right to do something alone, among all threads and all runs of a checkout.

A claim is a lock on one file per name below `build/claims/`. Who dies loses it. The file says who has it.
"""

from __future__ import annotations

import hashlib
from contextlib import ExitStack
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.locks import held, take_lock

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["Claims"]

_INTERVAL = 0.05  # seconds between two looks: a lock that is waited for could not be given up


class Claims:
    """The claims of a run, which `owner` describes to other runs (`run 1a2b (process 42)`)."""

    def __init__(self, directory: Path, owner: str) -> None:
        """Keep the files in `directory`."""
        self._directory = directory
        self._owner = owner

    def claim(self, names: Collection[str]) -> ExitStack | None:
        """All of `names`, until it is closed, or None when somebody has one of them; does not wait.

        They are taken in one order everywhere, so that of several that want the same one goes on.
        """
        with disk_errors(), ExitStack() as taken:  # whatever keeps us from one of them, the others are let go
            self._directory.mkdir(parents=True, exist_ok=True)
            for path in sorted(map(self._file, names)):
                lock = take_lock(path, wait=False)
                if lock is None:
                    return None
                taken.callback(lock.release)
                lock.write(f"{self._owner}\n")
            return taken.pop_all()

    def await_claim(self, names: Collection[str], stop: threading.Event) -> ExitStack | None:
        """All of `names`, waited for; None only when `stop` was set."""
        while not stop.is_set():
            claim = self.claim(names)
            if claim is not None:
                return claim
            stop.wait(_INTERVAL)
        return None

    def owner(self, names: Collection[str]) -> str:
        """Who has one of `names`, in its own words; nothing when they are free or their owner did not say."""
        for path in sorted(map(self._file, names)):
            if held(path):
                try:
                    return path.read_text(encoding="utf-8", errors="replace").strip()
                except FileNotFoundError:  # just released
                    continue
        return ""

    def _file(self, name: str) -> Path:
        return self._directory / hashlib.sha256(name.encode()).hexdigest()
