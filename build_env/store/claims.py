"""Owns claims: the right to do a task alone, among the threads of one process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

__all__ = ["Claims", "HeldClaim"]

_INTERVAL = 0.05  # seconds between two looks at whether to go on waiting


@dataclass(frozen=True, kw_only=True)
class HeldClaim:
    """The `Claim` port."""

    claims: Claims
    name: str

    def release(self) -> None:
        """See `Claim.release`."""
        self.claims.give_back(self.name)


@dataclass
class Claims:
    """Who has which name."""

    _held: set[str] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def claim(self, name: str) -> HeldClaim | None:
        """The claim to `name`, None when somebody has it."""
        with self._changed:
            if name in self._held:
                return None
            self._held.add(name)
        return HeldClaim(claims=self, name=name)

    def await_claim(self, name: str, stop: threading.Event) -> HeldClaim | None:
        """The claim to `name`, waited for; None only when `stop` was set."""
        while not stop.is_set():
            if claim := self.claim(name):
                return claim
            with self._changed:
                self._changed.wait(_INTERVAL)
        return None

    def give_back(self, name: str) -> None:
        """Others may have `name`."""
        with self._changed:
            self._held.discard(name)
            self._changed.notify_all()
