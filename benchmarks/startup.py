#!/usr/bin/env python3
"""Measures how long commands take to start, against bare Python and against importing typer alone.

All take turns in one run, so that a busy machine slows them alike; the medians and their ratios are printed.
DESIGN section 5 promises `build-all --help` in under 150 ms. Usage: benchmarks/startup.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 21
PYTHON = (sys.executable, "-P")
BARE, TYPER = "python -c pass", "python -c 'import typer'"
CONTESTANTS = {
    BARE: (*PYTHON, "-c", "pass"),
    TYPER: (*PYTHON, "-c", "import typer"),
    "build-all --help": (*PYTHON, "-m", "build_env.cli.build_all", "--help"),
    "build-all --version": (*PYTHON, "-m", "build_env.cli.build_all", "--version"),
    "build-env --help": (*PYTHON, "-m", "build_env.cli.main", "--help"),
    "build-env list --help": (*PYTHON, "-m", "build_env.cli.main", "list", "--help"),
    "build-env list": (*PYTHON, "-m", "build_env.cli.main", "list", "--root", str(ROOT)),
    "./build-all --help (launcher)": (str(ROOT / "build-all"), "--help"),
}


def milliseconds(command: tuple[str, ...]) -> float:
    """One start, from nothing to the end of the process."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    began = time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure in turns, the first round only to warm the caches, and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for number in range(rounds + 1):
        for name, command in CONTESTANTS.items():
            taken = milliseconds(command)
            if number:
                times[name].append(taken)
    medians = {name: statistics.median(values) for name, values in times.items()}
    lines = [f"{'median of ' + str(rounds) + ' starts':<34}{'ms':>6}{'least':>7}{'x bare':>8}{'x typer':>9}"]
    for name, median in medians.items():
        ratios = f"{median / medians[BARE]:>8.1f}{median / medians[TYPER]:>9.2f}"
        lines.append(f"{name:<34}{median:>6.0f}{min(times[name]):>7.0f}{ratios}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
