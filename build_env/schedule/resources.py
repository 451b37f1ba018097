"""Owns what a machine has for tasks: slots and memory, as tokens that running tasks hold. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from build_env.model.estimate import Estimate

__all__ = ["Capacity", "Tokens"]

_UNKNOWN = 256 * 1024**2
_BITS = 4


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many tasks run at a time, and the bytes that they may use together; 0 bytes: not limited."""

    slots: int
    memory: int = 0

    def demand(self, estimate: Estimate | None) -> int:
        """The memory that a task must be given to start; none for a task without an estimate, which is a hit.

        What was never measured takes little, and never so much that it would leave slots empty. A task that needs
        more than there is gets all there is, so that it runs alone.
        """
        if estimate is None or not self.memory:
            return 0
        needed = _rounded(estimate.memory) if estimate.memory else min(_UNKNOWN, self.memory // self.slots)
        return min(needed, self.memory)


@dataclass
class Tokens:
    """What is free of `capacity`."""

    capacity: Capacity

    def __post_init__(self) -> None:
        """Nothing is taken."""
        self.slots = self.capacity.slots
        self.memory = self.capacity.memory

    def fit(self, demand: int) -> bool:
        """Whether a task that needs `demand` bytes may start now."""
        return self.slots > 0 and demand <= self.memory

    def take(self, demand: int) -> None:
        """A task starts."""
        self.slots -= 1
        self.memory -= demand

    def give(self, demand: int) -> None:
        """A task has ended or was set aside."""
        self.slots += 1
        self.memory += demand


def _rounded(memory: int) -> int:
    """`memory`, a little more: so that few amounts differ, and a decision has few kinds of tasks to look at."""
    unit: int = 1 << max(0, memory.bit_length() - _BITS)
    return -(-memory // unit) * unit
