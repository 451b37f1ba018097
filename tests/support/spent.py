"""Owns what a run of tests spent, by the groups that CI has a budget for: seconds, how many ran, how many did not."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Spent", "group_of"]

# By the beginning of a test's name, the first that fits; all others are `unit`.
_GROUPS = {
    "tests/bare/": "bare",
    "tests/integration/test_repository_clients.py": "clients",
    "tests/e2e/test_first_package.py": "clients",
    "tests/e2e/test_debian.py::test_an_emulated_client": "clients",
    "tests/e2e/test_debian.py::test_a_clean_client": "clients",
    "tests/integration/": "engine",
    "tests/e2e/": "engine",
}


def group_of(name: str) -> str:
    """The group of the test called `name`."""
    return next((group for beginning, group in _GROUPS.items() if name.startswith(beginning)), "unit")


class Spent:
    """A plug-in that appends one line of JSON for the session: group to seconds, tests that ran, tests left out.

    A group's seconds are its share of the session, in which several tests may run at the same time.
    """

    def __init__(self, file: Path) -> None:
        """Begin to count."""
        self._file = file
        self._begin = time.monotonic()
        self._busy: defaultdict[str, float] = defaultdict(float)
        self._ran: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of a test."""
        group = group_of(report.nodeid)
        self._busy[group] += max(report.duration, 1e-6)
        self._ran[group] += report.when == "call" and not report.skipped
        self._left_out[group] += report.skipped

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write what was counted."""
        seconds = time.monotonic() - self._begin
        spent = {
            group: {
                "seconds": round(seconds * busy / sum(self._busy.values()), 1),
                "ran": self._ran[group],
                "left_out": self._left_out[group],
            }
            for group, busy in self._busy.items()
        }
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(spent) + "\n")
