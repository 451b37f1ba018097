"""Prints what the tests of a CI run spent beside their budget: `budget.py FILE`, written by `./run-tests --spent=FILE`.

Status 1: no test ran on a bare machine, although the kernel can have one.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections import Counter
from pathlib import Path

# Minutes. What does not fit goes to `--full`.
BUDGET = {"unit": 6, "engine": 25, "bare": 15, "clients": 12}
NAMES = {"engine": "containers", "bare": "bare machines", "clients": "clients and documentation"}
PRIVATE_HANDLERS = (6, 7)  # the first Linux with binfmt handlers of a user namespace's own


def read(text: str) -> dict[str, Counter[str]]:
    """The sums of all sessions, by group."""
    sums: dict[str, Counter[str]] = {group: Counter() for group in BUDGET}
    for line in text.splitlines():
        for group, spent in json.loads(line).items():
            sums.setdefault(group, Counter()).update(spent)
    return sums


def table(sums: dict[str, Counter[str]]) -> list[str]:
    """The lines of the table."""
    lines = [f"{'tests':<28}{'budget':>8}{'took':>8}{'ran':>8}{'left out':>10}"]
    for group, spent in sums.items():
        minutes, budget = spent["seconds"] / 60, BUDGET.get(group, 0)
        over = "  OVER" if minutes > budget else ""
        numbers = f"{budget:>5} min{minutes:>8.1f}{spent['ran']:>8.0f}{spent['left_out']:>10.0f}"
        lines.append(f"{NAMES.get(group, group):<27}{numbers}{over}")
    total = sum(spent["seconds"] for spent in sums.values()) / 60
    lines.append(f"{'all':<27}{sum(BUDGET.values()):>5} min{total:>8.1f}")
    return lines


def can_be_bare(release: str) -> bool:
    """Whether a kernel of this release can have a bare machine."""
    numbers = re.match(r"(\d+)\.(\d+)", release)
    return numbers is not None and (int(numbers[1]), int(numbers[2])) >= PRIVATE_HANDLERS


def main(arguments: list[str]) -> int:
    """Print the table; the exit status."""
    sums = read(Path(arguments[0]).read_text(encoding="utf-8"))
    print("\n".join(table(sums)))
    bare = sums["bare"]
    print(f"tests on bare machines: {bare['ran']:.0f} ran, {bare['left_out']:.0f} were left out")
    if not bare["ran"] and can_be_bare(platform.release()):
        print(f"none ran, and Linux {platform.release()} can: the reasons stand in the account of the tests")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
