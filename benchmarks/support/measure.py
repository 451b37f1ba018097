"""Owns the measuring: whole processes, wall time and peak memory of each, interleaved."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Measured", "Runner", "interleaved", "table"]

_MEBIBYTE = 1024


@dataclass(frozen=True, kw_only=True)
class Runner:
    """One command to measure; `before` prepares each of its runs and is not measured. `nodes`: so many it looks at."""

    name: str
    argv: Sequence[str]
    cwd: Path
    environment: Mapping[str, str]
    expect: str = ""
    before: Callable[[int], None] | None = None
    nodes: int = 0


@dataclass
class Measured:
    """Seconds of each run and the largest peak memory in MiB."""

    seconds: list[float] = field(default_factory=list)
    peak: float = 0.0
    nodes: int = 0

    @property
    def median(self) -> float:
        """The median of the runs."""
        return statistics.median(self.seconds)


def interleaved(runners: Sequence[Runner], rounds: int) -> dict[str, Measured]:
    """Every runner once per round, so that a disturbance of the machine hits all; one round before is not counted."""
    measured = {runner.name: Measured(nodes=runner.nodes) for runner in runners}
    for number in range(-1, rounds):
        for runner in runners:
            if runner.before:
                runner.before(number)
            seconds, peak = _run(runner)
            if number >= 0:
                measured[runner.name].seconds.append(seconds)
                measured[runner.name].peak = max(measured[runner.name].peak, peak)
    return measured


def _run(runner: Runner) -> tuple[float, float]:
    began = time.perf_counter()
    process = subprocess.Popen(
        runner.argv,
        cwd=runner.cwd,
        env=dict(runner.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = process.stdout.read() if process.stdout else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stdout:
        process.stdout.close()
    text = output.decode(errors="replace")
    if process.returncode or runner.expect not in text:
        raise SystemExit(f"{runner.name} did not do what is measured (exit {process.returncode}):\n{text[-2000:]}")
    return seconds, usage.ru_maxrss / _MEBIBYTE


def table(measured: Mapping[str, Measured], base: str) -> list[str]:
    """A row per command with the ratio to `base`, and the seconds per 1,000 nodes, whose number may differ."""
    unit = measured[base].median
    rows = [
        f"{'command':<34}{'median s':>10}{'min':>9}{'max':>9}{f'x {base}':>24}{'s/1,000 nodes':>15}{'peak MiB':>10}"
    ]
    rows += [
        f"{name:<34}{item.median:>10.3f}{min(item.seconds):>9.3f}{max(item.seconds):>9.3f}"
        f"{item.median / unit:>24.1f}{_per_thousand(item):>15}{item.peak:>10.0f}"
        for name, item in measured.items()
    ]
    return rows


def _per_thousand(item: Measured) -> str:
    return f"{item.median / item.nodes * 1000:.3f}" if item.nodes else ""
