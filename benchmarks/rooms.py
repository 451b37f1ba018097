"""Measures what rooms cost: this tool against a plain loop of `docker run --rm` over the same trivial stage scripts.

Usage: .venv/bin/python benchmarks/rooms.py [--packages N] [--rounds N]

All figures come from one run on one machine, the ways taken in turn, so that only the ratios say something.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.support.bases import provide_bases
from tests.support.tiny import Tiny, tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IMAGE = "debian:12"
STAGES = ("source", "build", "verify")
# What was measured with a loopback, limits and a supervisor for each room, and a tenth.
EXPECTED = {"fresh": 0.72, "reused": 0.18, "nothing to do": 0.05}


def main() -> int:
    """Print the table; the exit status tells whether the ratios are as expected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packages", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    provide_bases(IMAGE)  # the loop of `docker run` names it plainly
    names = [f"package-{number:02}" for number in range(arguments.packages)]
    with (
        tempfile.TemporaryDirectory(prefix="build-env-rooms-") as directory,
        tiny_project(Path(directory), *names) as project,
    ):
        times = measure(project, names, arguments.rounds)
    return report(times, len(names))


def measure(project: Tiny, names: list[str], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, once per round."""
    project.build().expect(0)  # the image is made before: neither side is to pay for it
    times: dict[str, list[float]] = {"docker run": [], "fresh": [], "reused": [], "nothing to do": []}
    project.build("--container=clean").expect(0)
    for _ in range(rounds):
        times["docker run"].append(timed(lambda: plain_loop(project.root, names)))
        forget(project)
        times["fresh"].append(timed(lambda: project.build().expect(0, f"{len(names) * 3} tasks")))
        times["nothing to do"].append(timed(lambda: project.build().expect(0, "nothing to do")))
        forget(project)
        times["reused"].append(timed(lambda: project.build("--container").expect(0)))
    return times


def forget(project: Tiny) -> None:
    """Take the results of rooms out of the store, and keep those of images."""
    import sqlite3  # noqa: PLC0415 - only here

    database = sqlite3.connect(project.root / "build" / "store.db")
    with database:
        database.execute("DELETE FROM result WHERE facts NOT LIKE '%\"tag\"%'")
    database.close()


def plain_loop(root: Path, names: list[str]) -> None:
    """What a shell script would do: one container per stage, one after the other."""
    for name in names:
        for stage in STAGES:
            out = root / "plain" / name
            out.mkdir(parents=True, exist_ok=True)
            mounts = ["-v", f"{root}/src/{name}:/src:ro", "-v", f"{out}:/out"]
            variables = ["-e", "BUILD_OUT=/out", "-e", f"BUILD_PACKAGE={name}", "-e", "ARCH=amd64"]
            command = ["docker", "run", "--rm", *mounts, *variables, IMAGE, "/src/build.sh", f"--{stage}"]
            subprocess.run(command, check=True, capture_output=True)
    shutil.rmtree(root / "plain")


def timed(action: Callable[[], object]) -> float:
    """Seconds that `action` took."""
    began = time.monotonic()
    action()
    return time.monotonic() - began


def report(times: dict[str, list[float]], packages: int) -> int:
    """Print the table of medians and ratios."""
    for line in table(times, packages):
        sys.stdout.write(f"{line}\n")
    loop = statistics.median(times["docker run"])
    return int(any(statistics.median(times[way]) / loop > limit for way, limit in EXPECTED.items()))


def table(times: dict[str, list[float]], packages: int) -> Iterator[str]:
    """The lines of the table."""
    stages = packages * len(STAGES)
    yield f"{packages} packages, {stages} stages, {len(times['fresh'])} rounds; medians of seconds"
    yield f"{'way':<32}{'seconds':>9}{'per stage':>11}{'ratio':>8}{'expected':>10}"
    loop = statistics.median(times["docker run"])
    for way, seconds in times.items():
        middle = statistics.median(seconds)
        limit = f"<= {EXPECTED[way]}" if way in EXPECTED else ""
        title = "sequential docker run --rm" if way == "docker run" else f"build-all, {way}"
        yield f"{title:<32}{middle:>9.2f}{middle / stages * 1000:>8.0f} ms{middle / loop:>8.2f}{limit:>10}"


if __name__ == "__main__":
    sys.exit(main())
