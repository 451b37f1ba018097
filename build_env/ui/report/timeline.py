"""Owns the picture of the run: which slot a task had, and where its bar lies. Pure geometry; the template draws.

The events do not name slots, and none is needed: tasks that ran at the same time had different ones.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from build_env.ui.words import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.ui.record import TaskRecord

__all__ = ["Bar", "Timeline", "assign_slots", "make_timeline"]

_LEFT, _RIGHT, _TOP, _ROW, _BAR = 56, 44, 26, 30, 22
_LEAST_WIDTH, _MOST_WIDTH = 1080, 12_000
_PER_TASK = 10  # width that the fullest slot gets for each task
_LEAST_BAR, _LEAST_LABEL = 2.0, 44.0
_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
_STEPS = (*_SECONDS, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
_MOST_TICKS = 12
_MINUTE = 60


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One task's rectangle."""

    record: TaskRecord
    x: float
    y: float
    width: float
    critical: bool
    labelled: bool


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Everything the template needs: sizes, bars, ticks as (x, words), slots as (y, words), links of the chain."""

    width: float
    height: float
    bar: int
    bars: list[Bar]
    ticks: list[tuple[float, str]]
    slots: list[tuple[float, str]]
    links: list[str]


def assign_slots(intervals: Sequence[tuple[float, float]]) -> list[int]:
    """For each (begin, end) the lowest slot that is free then; one that ends where another begins is free."""
    result = [0] * len(intervals)
    busy: list[tuple[float, int]] = []
    free: list[int] = []
    used = 0
    for number in sorted(range(len(intervals)), key=lambda index: intervals[index]):
        begin, end = intervals[number]
        while busy and busy[0][0] <= begin:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free:
            heapq.heappush(free, used)
            used += 1
        slot = heapq.heappop(free)
        result[number] = slot
        heapq.heappush(busy, (end, slot))
    return result


def make_timeline(ran: Sequence[TaskRecord], chain: Sequence[TaskRecord], began: float, ended: float) -> Timeline:
    """Bars for tasks that ran between `began` and `ended`."""
    intervals = [(_begin(record), _begin(record) + record.seconds) for record in ran]
    slots = assign_slots(intervals)
    count = max(slots, default=-1) + 1
    fullest = max((slots.count(slot) for slot in range(count)), default=0)
    width = min(_MOST_WIDTH, max(_LEAST_WIDTH, fullest * _PER_TASK))
    length = max(ended - began, 1e-9)
    scale = (width - _LEFT - _RIGHT) / length
    critical = {record.task.name for record in chain}
    bars = [
        Bar(
            record=record,
            x=_LEFT + (begin - began) * scale,
            y=_TOP + slot * _ROW,
            width=max(_LEAST_BAR, (end - begin) * scale),
            critical=record.task.name in critical,
            labelled=(end - begin) * scale >= _LEAST_LABEL,
        )
        for record, (begin, end), slot in zip(ran, intervals, slots, strict=True)
    ]
    return Timeline(
        width=width,
        height=_TOP + count * _ROW,
        bar=_BAR,
        bars=bars,
        ticks=[(_LEFT + at * scale, words) for at, words in _ticks(length)],
        slots=[(_TOP + slot * _ROW, f"slot {slot + 1}") for slot in range(count)],
        links=_links(bars, chain),
    )


def _begin(record: TaskRecord) -> float:
    return record.began if record.began is not None else 0.0


def _ticks(length: float) -> list[tuple[float, str]]:
    step = next((step for step in _STEPS if length / step <= _MOST_TICKS), _STEPS[-1])
    times = [number * step for number in range(min(int(length / step), 1000) + 1)]
    return [(at, f"{round(at, 3):g}s" if at < _MINUTE else duration(at)) for at in times]


def _links(bars: Sequence[Bar], chain: Sequence[TaskRecord]) -> list[str]:
    """From the end of each task of the chain to the begin of the next: across, then down or up."""
    by_task = {bar.record.task.name: bar for bar in bars}
    on_chain = [by_task[record.task.name] for record in chain if record.task.name in by_task]
    return [
        f"M{one.x + one.width:.1f} {one.y + _BAR / 2:.1f}L{two.x:.1f} {two.y + _BAR / 2:.1f}"
        for one, two in pairwise(on_chain)
    ]
