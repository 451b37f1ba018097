"""Owns the critical chain: of all chains of tasks that needed each other the one that took longest. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.identity import TaskName
    from build_env.ui.record import TaskRecord

__all__ = ["critical_chain"]


def critical_chain(records: Mapping[TaskName, TaskRecord]) -> list[TaskRecord]:
    """The tasks of the longest chain, first to last; only those that ran. `records` are in an order of plans."""
    ends: dict[TaskName, float] = {}
    before: dict[TaskName, TaskName | None] = {}
    for name, record in records.items():
        needed = ends.keys() & record.task.before
        latest = max(sorted(needed), key=lambda other: ends[other], default=None)
        before[name] = latest
        ends[name] = record.seconds + (ends[latest] if latest else 0.0)
    chain: list[TaskRecord] = []
    last = max(ends, key=lambda name: ends[name], default=None)
    while last:
        if records[last].ran:
            chain.append(records[last])
        last = before[last]
    return chain[::-1]
