#!/usr/bin/env python3
"""Measures `build-env manifest compile` as whole processes, start included, on generated manifests.

Each case has the seconds that are expected and those the original took. Two sizes of each tell whether memory grows
with the size. Usage: python -m benchmarks.manifest [--rounds 7]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.support.measure import Runner, interleaved

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).resolve().parent.parent
_REFERENCES_PER_DEFINE = 2.5


@dataclass(frozen=True, kw_only=True)
class Case:
    """A generated manifest of a size; `expected` seconds, and those that the original took ("fails" below the size)."""

    name: str
    write: Callable[[Path, int], None]
    size: int
    expected: float
    original: str


def flat(directory: Path, size: int) -> None:
    """Plain values, each referred to by whole texts."""
    defines = [f"  name{number}: value {number}" for number in range(size)]
    uses = [f"- ${{name{number % size}}}" for number in range(int(size * _REFERENCES_PER_DEFINE))]
    _write(directory, ["otk.define:", *defines, "use:", *uses])


def nested(directory: Path, size: int) -> None:
    """Groups of a hundred; every fifth value refers to the one before, half of the references stand inside texts."""
    lines = ["otk.define:"]
    for number in range(size):
        group, index = divmod(number, 100)
        if not index:
            lines.append(f"  group{group}:")
        value = f"${{group{group}.name{index - 1}}}" if index % 5 == 1 else f"value {number}"
        lines.append(f"    name{index}: {value}")
    lines.append("use:")
    for number in range(int(size * _REFERENCES_PER_DEFINE)):
        group, index = divmod(number % size, 100)
        reference = f"${{group{group}.name{index}}}"
        lines.append(f"- a: {reference if number % 2 else f'before {reference} behind'}")
    _write(directory, lines)


def siblings(directory: Path, size: int) -> None:
    """Includes beside each other, each with a define."""
    lines = []
    for number in range(size):
        text = f"otk.define:\n  name{number}: {number}\nkey{number}: $name{number}\n"
        (directory / f"part{number}.yaml").write_text(text, encoding="utf-8")
        lines.append(f"otk.include.part{number}: part{number}.yaml")
    _write(directory, lines)


def chain(directory: Path, size: int) -> None:
    """Each file includes the next one."""
    for number in range(size):
        following = f"otk.include: part{number + 1}.yaml\n" if number + 1 < size else ""
        text = f"otk.define:\n  name{number}: {number}\nkey{number}: $name{number}\n{following}"
        (directory / f"part{number}.yaml").write_text(text, encoding="utf-8")
    _write(directory, ["otk.include: part0.yaml"])


def _write(directory: Path, lines: list[str]) -> None:
    (directory / "entry.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


CASES = (
    Case(name="flat: 2,000 defines, 5,000 references", write=flat, size=2000, expected=0.25, original="0.46"),
    Case(name="nested: 2,000 defines, 5,000 references", write=nested, size=2000, expected=0.3, original="0.94"),
    Case(name="200 sibling includes", write=siblings, size=200, expected=0.2, original="0.36"),
    Case(name="a chain of 500 includes", write=chain, size=500, expected=0.5, original="fails"),
)


def main() -> int:
    """Generate, measure in turns, print the table; the status says whether all expectations were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        runners = [_runner(Path(directory), "--version", [])]
        for case in CASES:
            for factor in (1, 2):
                inner = Path(directory) / f"{case.write.__name__}{factor}"
                inner.mkdir()
                case.write(inner, case.size * factor)
                runners.append(_runner(inner, f"{case.name} x{factor}", ["manifest", "compile", "entry.yaml"]))
        measured = interleaved(runners, rounds)
    start = measured["--version"]
    lines = [
        (
            f"{'whole process, median of ' + str(rounds):<42}{'s':>7}{'least':>7}{'expected':>10}{'original':>10}"
            f"{'twice as large':>16}{'MiB':>6}{'twice':>7}"
        ),
        f"{'build-env --version':<42}{start.median:>7.3f}{min(start.seconds):>7.3f}{'':>36}{start.peak:>6.0f}",
    ]
    missed = []
    for case in CASES:
        once, twice = (measured[f"{case.name} x{factor}"] for factor in (1, 2))
        lines.append(
            f"{case.name:<42}{once.median:>7.3f}{min(once.seconds):>7.3f}{case.expected:>10.2f}{case.original:>10}"
            f"{twice.median:>16.3f}{once.peak:>6.0f}{twice.peak:>7.0f}"
        )
        if once.median > case.expected:
            missed.append(case.name)
    lines += [f"slower than expected: {name}" for name in missed]
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if missed else 0


def _runner(directory: Path, name: str, arguments: list[str]) -> Runner:
    program = [sys.executable, "-P", "-m", "build_env.cli.main", *(arguments or [name])]
    # With bytecode, as an installed program has it.
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": ""}
    return Runner(name=name, argv=program, cwd=directory, environment=environment)


if __name__ == "__main__":
    sys.exit(main())
