"""Measures packages that are large in one way each: seconds and peak memory, against the engine's and dpkg's own tools.

`python -m benchmarks.sizes [--part 1] [--only source,log]`. A package of nothing is built before: what is told of
memory is above that. The rival moves or reads the same bytes in the same run: `docker cp` into and out of a container,
`docker run` into a file, `dpkg-deb` for the packages. `--part 16` takes a sixteenth of each size. Each is built at a
fourth of its size, too, so that it can be seen whether time is linear. Needs about three times the largest size on
the disk.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.bases import provide_bases
from tests.support.large import CASES, DEPLOYING
from tests.support.memory import MEBIBYTE, measured
from tests.support.tiny import tiny_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.large import Case
    from tests.support.memory import Needed
    from tests.support.tiny import Tiny

IMAGE = "debian:12"
MOST = 200  # MiB above a package of nothing
FOURTH = 4
ENVIRONMENT = {"BUILD_ENV_ROOM_LOG": "8G"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One case: MiB above idle, seconds above a package of nothing, those of a fourth, those of the rival."""

    case: Case
    size: int
    peak: float
    seconds: float
    fourth: float
    rival: float


def main() -> int:
    """Print the table; the exit status tells whether memory stayed within what is expected."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", type=int, default=1)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    provide_bases(IMAGE)
    chosen = [case for case in CASES if not arguments.only or case.name in arguments.only.split(",")]
    sys.stdout.write(f"{'package':<10}{'size':>14}{'MiB above idle':>16}{'seconds':>9}")
    sys.stdout.write(f"{'fourth':>8}{'x':>6}{'rival':>8}{'ratio':>7}\n")
    worst = 0.0
    for case in chosen:
        row = measure(case, case.size // arguments.part)
        worst = max(worst, row.peak)
        sys.stdout.write(
            f"{case.name:<10}{row.size:>14}{row.peak:>16.0f}{row.seconds:>9.1f}{row.fourth:>8.1f}"
            f"{row.seconds / max(row.fourth, 0.1):>6.1f}{row.rival:>8.1f}{row.seconds / row.rival:>7.1f}\n"
        )
        sys.stdout.flush()
    sys.stdout.write(f"expected above idle: <= {MOST} MiB\n")
    return int(worst > MOST)


def measure(case: Case, size: int) -> Row:
    """Build the package at a fourth and as a whole, and let the rival have the same bytes."""
    with _project() as (project, idle, nothing):
        _, fourth = _built(project, case, size // FOURTH)
    with _project() as (project, idle, nothing):
        needed, seconds = _built(project, case, size)
        rival = _timed(lambda: RIVALS[case.name](project, case.name))
    peak = (needed.peak - idle.peak) / MEBIBYTE
    return Row(case=case, size=size, peak=peak, seconds=seconds - nothing, fourth=fourth - nothing, rival=rival)


@contextmanager
def _project() -> Iterator[tuple[Tiny, Needed, float]]:
    """A project with what a package of nothing took; its images are made before."""
    with (
        tempfile.TemporaryDirectory(prefix="build-env-sizes-", dir="/var/tmp") as directory,  # /tmp may be in memory
        tiny_project(Path(directory), "first", "second") as project,
    ):
        project.build("first").expect(0)
        began = time.monotonic()
        idle = measured(project.arguments("second"), project.root)
        yield project, idle, time.monotonic() - began


def _built(project: Tiny, case: Case, size: int) -> tuple[Needed, float]:
    case.write(project, size)
    project.configure(DEPLOYING if case.name in DEPLOYED else "")
    began = time.monotonic()
    needed = measured(project.arguments(case.name), project.root, ENVIRONMENT)
    seconds = time.monotonic() - began
    needed.answer.expect(1 if case.name == "control" else 0)
    return needed, seconds


def _timed(action: Callable[[], object]) -> float:
    began = time.monotonic()
    action()
    return time.monotonic() - began


@contextmanager
def _container(script: str = "true") -> Iterator[str]:
    """A container that has run a script and stopped."""
    made = subprocess.run(["docker", "create", IMAGE, "sh", "-c", script], check=True, capture_output=True, text=True)
    name = made.stdout.strip()
    try:
        subprocess.run(["docker", "start", "--attach", name], check=True, stdout=subprocess.DEVNULL)
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=True, capture_output=True)


def _copied_in(project: Tiny, name: str) -> None:
    """Into two containers, because source and build have a room each."""
    for _ in range(2):
        with _container() as container:
            command = ["docker", "cp", "--quiet", f"{project.root}/src/{name}", f"{container}:/package"]
            subprocess.run(command, check=True, capture_output=True)


def _copied_out(project: Tiny, name: str) -> None:
    """Out of a container, and read by dpkg-deb as a repository reads it."""
    (deb,) = (project.root / "build/deploy").rglob(f"{name}_*.deb")
    size = deb.stat().st_size
    given = project.root / "src" / name / "given.deb"
    with _container(f"truncate -s {size} /result") as container:
        copy = project.root / "copy.deb"
        subprocess.run(["docker", "cp", "--quiet", f"{container}:/result", str(copy)], check=True, capture_output=True)
        with copy.open("r+b") as file:
            file.write(given.read_bytes())
        subprocess.run(["dpkg-deb", "--field", str(copy)], check=True, capture_output=True)
        copy.unlink()


def _printed(project: Tiny, name: str) -> None:
    """The same build script, its output into a file."""
    script = project.root / "src" / name / "build.sh"
    environment = ["-e", f"BUILD_PACKAGE={name}", "-e", "BUILD_OUT=/tmp", "-e", "ARCH=amd64"]
    command = ["docker", "run", "--rm", "-v", f"{script}:/build.sh:ro", *environment, IMAGE, "/build.sh", "--build"]
    with (project.root / "printed").open("wb") as file:
        subprocess.run(command, check=True, stdout=file)


def _unpacked(project: Tiny, name: str) -> None:
    """All of the control file, as who trusts it reads it."""
    given = project.root / "src" / name / "given.deb"
    with subprocess.Popen(["dpkg-deb", "--ctrl-tarfile", str(given)], stdout=subprocess.DEVNULL) as process:
        process.wait()


DEPLOYED = ("result", "control")
RIVALS: dict[str, Callable[[Tiny, str], None]] = {
    "source": _copied_in,
    "files": _copied_in,
    "result": _copied_out,
    "log": _printed,
    "line": _printed,
    "control": _unpacked,
}


if __name__ == "__main__":
    sys.exit(main())
