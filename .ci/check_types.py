#!/usr/bin/env python3
"""Runs mypy: once over the modules of the project, then once for each file that is loaded by its path.

mypy takes one file of a module name per run, but every target has a `packages.conf.py` and every package may
have a `package.py`. The later runs are quick: what these files import was checked and cached by the first.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOGETHER = (
    "build_env",
    "common",
    "tests",
    "benchmarks",
    "requirements/install.py",
    ".ci/check_types.py",
    ".ci/count_structure.py",
)
ALONE = ("targets/**/packages.conf.py", "src/**/package.py")


def mypy(*arguments: str) -> bool:
    """Whether mypy finds nothing."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT).returncode == 0


def main() -> int:
    """Check everything, also after a fault, and return the exit status."""
    together = [path for path in TOGETHER if (ROOT / path).exists()]
    alone = sorted(str(path.relative_to(ROOT)) for pattern in ALONE for path in ROOT.glob(pattern))
    results = [mypy(*together), *(mypy(path) for path in alone)]
    print(f"mypy: {results.count(False)} of {len(results)} runs found faults")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
