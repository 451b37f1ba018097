"""Measures the order in which tasks start, in simulated time: how near a run comes to what no order can beat.

`python -m benchmarks.scheduling [--largest 100000] [--slots 2,4,8,16] [--graphs 100] [--store build/store.db]`

Random graphs of several shapes, tasks of uneven lengths, right estimates; the state machine is the one of real runs.
`chain, work` is the makespan over max(critical chain, work / slots), `barriers` over the bound that also knows that
all slots wait at a fork or a join (`support/bounds.py`), `fifo` that of first come, first served over the first bound.
A decision is everything the state machine does for one task, its preparation included. With `--store` lengths are drawn
from the attempts recorded there. The exit status tells whether all is as expected.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.support.bounds import attainable_seconds, plain_bound
from benchmarks.support.graphs import SHAPES, dice_of, random_plan
from benchmarks.support.simulation import first_come_first_served, right_estimates, simulated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NEAR = 1.05
_HAIR = 1 + 1e-9
_DECISION = 50.0  # microseconds
_TASKS = 5000  # in all graphs of one row
_ENOUGH = 50  # tasks per slot, below which uneven lengths need not fit together


@dataclass(frozen=True, kw_only=True)
class Row:
    """The worst of some graphs of one shape and size."""

    shape: str
    size: int
    slots: int
    over_bound: float
    over_barriers: float
    fifo: float
    over_fifo: float
    microseconds: float

    @property
    def faults(self) -> str:
        """What is not as expected."""
        enough = self.size >= _ENOUGH * self.slots
        found = {
            "not near": enough and self.over_barriers > _NEAR,
            "worse than fifo": self.over_fifo > _HAIR,
            "slow": self.microseconds > _DECISION,
        }
        return ", ".join(fault for fault, true in found.items() if true)


def main() -> int:
    """The program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--largest", type=int, default=100_000)
    parser.add_argument("--slots", default="2,4,8,16")
    parser.add_argument("--graphs", type=int, default=100, help="graphs of each kind; fewer of large ones")
    parser.add_argument("--store", type=Path, help="take the lengths of tasks from this store.db")
    options = parser.parse_args()
    recorded = _recorded(options.store) if options.store else {}
    sizes = [size for size in (10, 100, 1000, 10_000, 100_000) if size <= options.largest]
    sys.stdout.write(
        f"{'shape':<10}{'tasks':>8}{'slots':>6}{'chain, work':>13}{'barriers':>10}{'fifo':>8}{'us/task':>9}\n"
    )
    faults = 0
    for row in _rows(sizes, [int(word) for word in options.slots.split(",")], options.graphs, recorded):
        faults += bool(row.faults)
        sys.stdout.write(
            f"{row.shape:<10}{row.size:>8}{row.slots:>6}{row.over_bound:>13.4f}{row.over_barriers:>10.4f}"
            f"{row.fifo:>8.4f}{row.microseconds:>9.1f}  {row.faults}\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"{faults} rows are not as expected\n")
    return int(bool(faults))


def _rows(
    sizes: Sequence[int], slots: Sequence[int], graphs_at_most: int, recorded: dict[str, list[float]]
) -> Iterator[Row]:
    for shape in SHAPES:
        for size in sizes:
            for count in slots:
                # Small graphs differ more, and cost less.
                graphs = max(1, min(graphs_at_most, _TASKS // size))
                found = [_row(shape, size, count, seed, recorded) for seed in range(graphs)]
                yield Row(
                    shape=shape,
                    size=size,
                    slots=count,
                    over_bound=max(row.over_bound for row in found),
                    over_barriers=max(row.over_barriers for row in found),
                    fifo=max(row.fifo for row in found),
                    over_fifo=max(row.over_fifo for row in found),
                    microseconds=sum(row.microseconds for row in found) / len(found),
                )


def _row(shape: str, size: int, slots: int, seed: int, recorded: dict[str, list[float]]) -> Row:
    dice = dice_of((shape, size, seed))
    plan, seconds = random_plan(shape, size, dice)
    for task in plan:
        if task.stage in recorded:
            seconds[task.name] = dice.choice(recorded[task.stage])
    bound, barriers = plain_bound(plan, seconds, slots), attainable_seconds(plan, seconds, slots)
    estimates = right_estimates(seconds)
    began = time.process_time()
    makespan = simulated(plan, estimates, slots)
    took = time.process_time() - began
    fifo = first_come_first_served(plan, seconds, slots)
    return Row(
        shape=shape,
        size=size,
        slots=slots,
        over_bound=makespan / bound,
        over_barriers=makespan / barriers,
        fifo=fifo / bound,
        over_fifo=makespan / fifo,
        microseconds=took / len(plan) * 1e6,
    )


def _recorded(path: Path) -> dict[str, list[float]]:
    """What tasks in a store took that were done, by stage."""
    found: dict[str, list[float]] = defaultdict(list)
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT stage, seconds FROM attempt WHERE state = 'done' AND seconds > 0").fetchall()
    finally:
        database.close()
    for stage, seconds in rows:
        found[stage].append(seconds)
    return found


if __name__ == "__main__":
    sys.exit(main())
