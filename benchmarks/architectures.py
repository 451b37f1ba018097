"""Measures `hello` for amd64 and arm64 (cross) at once against the longer of the two alone, dependencies ready.

`python -m benchmarks.architectures [--rounds 3]`.
"""

from __future__ import annotations

import argparse
import statistics
import sys

from benchmarks.support.checkout import checkout

TARGET = "debian/12"
EXPECTED = 1.1
WAYS = {"amd64 alone": "amd64", "arm64 alone (cross)": "arm64", "both at once": "amd64,arm64"}


def main() -> int:
    """Print the table; the exit status tells whether both together took about as long as the longer one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    with checkout() as project:
        project.build("--target", TARGET, "--arch", "amd64,arm64", "--build", "hello")
        for _ in range(rounds):
            for name, archs in WAYS.items():
                project.forget("hello", "build")
                times[name].append(project.build("--target", TARGET, "--arch", archs, "--build", "hello"))
    longer = max(statistics.median(times[name]) for name in list(WAYS)[:2])
    sys.stdout.write(f"hello, {rounds} rounds, medians\n{'way':<28}{'seconds':>9}{'x longer alone':>16}\n")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        sys.stdout.write(f"{name:<28}{middle:>9.2f}{middle / longer:>16.2f}\n")
    sys.stdout.write(f"expected of both at once: <= {EXPECTED}\n")
    return int(statistics.median(times["both at once"]) / longer > EXPECTED)


if __name__ == "__main__":
    sys.exit(main())
