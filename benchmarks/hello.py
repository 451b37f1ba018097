"""Measures source packages of the distribution against a plain `docker run` and sbuild.

`python -m benchmarks.hello [--packages sl,hello,jansson] [--rounds 3]`. *Cold*: there is a base image (for sbuild its
chroot, which has the tool chain) without lists of packages, and nothing else; measured until the packages are there.
*Ready*: images, source and build dependencies are there, and the build is done again; `docker run` takes the same
image with the lists in it and installs the dependencies, as it does each time. All build natively, as many things at
once, with the same options of apt and dpkg, without checks by lintian.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from typing import TYPE_CHECKING

from benchmarks.support.builders import PackageSource, docker_cold, docker_ready, sbuild
from benchmarks.support.checkout import checkout
from tests.support.bases import provide_bases

if TYPE_CHECKING:
    from benchmarks.support.builders import Sbuild
    from benchmarks.support.checkout import Checkout

TARGET = "debian/12"
BASE = "debian:12"
ARCHITECTURE = "amd64"
SOURCES = (
    PackageSource(
        name="sl", version="5.02-1", sha256="6630f4697089b9aa2d2c09b7e7facd5aeee9b8088606ebc2442af7cb27141f2d"
    ),
    PackageSource(
        name="hello", version="2.10-3", sha256="75296f5ef618ae2f1849e22b142a2b5ab52c452ebefa4e7b0564c44617db3790"
    ),
    PackageSource(
        name="jansson", version="2.14-2", sha256="6296ddd9c0a022bd1b70074aefb171cfcdf5694a04ffd32b35fd66097621af87"
    ),
)
COLUMNS = ("cold", "docker, cold", "sbuild, cold", "ready", "docker, ready")
EXPECTED = (("cold", "sbuild, cold", 0.6), ("cold", "docker, cold", 1.0), ("ready", "docker, ready", 0.8))


def main() -> int:
    """Print a table; the exit status tells whether all ratios are as expected."""
    known = {source.name: source for source in SOURCES}
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packages", default=",".join(known))
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    provide_bases(BASE)
    load = os.getloadavg()[0]
    with sbuild(BASE) as rival:
        rows = {name: measured(known[name], rival, arguments.rounds) for name in arguments.packages.split(",")}
    sys.stdout.write(
        f"medians of {arguments.rounds}, seconds; load before {load:.1f}, after {os.getloadavg()[0]:.1f}\n"
    )
    return report(rows)


def measured(source: PackageSource, rival: Sbuild, rounds: int) -> dict[str, float]:
    """The median of each way, which are taken in turn."""
    times: dict[str, list[float]] = {name: [] for name in COLUMNS}
    for _ in range(rounds):
        with checkout() as project:
            add(project, source)
            words = ("--target", TARGET, "--arch", ARCHITECTURE, "--source", "--build", source.name)
            times["cold"].append(project.build(*words))
            project.forget(source.name, "build")
            times["ready"].append(project.build(*words))
            (image,) = (name for name in project.images() if "-build" in name)
            downloads = project.root / "build/downloads" / source.name
            times["docker, ready"].append(docker_ready(image, downloads))
        times["docker, cold"].append(docker_cold(BASE, source))
        times["sbuild, cold"].append(rival.cold(source))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def add(project: Checkout, source: PackageSource) -> None:
    """Pin the source package, under its own version, in a target that builds for this architecture alone."""
    definition = (
        f'name: {source.name}\narchive:\n  {TARGET}: {{version: "{source.version}", sha256: {source.sha256}}}\n'
    )
    directory = project.root / "src" / source.name
    directory.mkdir(exist_ok=True)
    (directory / "definition.yaml").write_text(definition, encoding="utf-8")
    with (project.root / "build-env.toml").open("a", encoding="utf-8") as settings:
        settings.write('archive_suffix = ""\n')
    with (project.root / "targets" / TARGET / "packages.conf.py").open("a", encoding="utf-8") as configuration:
        configuration.write(f"\nARCHITECTURES = ({ARCHITECTURE!r},)\nPACKAGES = [{source.name!r}]\nDEPENDS = []\n")
        configuration.write("METAPACKAGES = []\n")


def report(rows: dict[str, dict[str, float]]) -> int:
    """Print seconds and ratios; 1 if a ratio is not as expected."""
    titles = (*COLUMNS, *(f"{ours} / {theirs.partition(',')[0]}" for ours, theirs, _ in EXPECTED))
    sys.stdout.write(f"{'package':<12}{''.join(f'{title:>15}' for title in titles)}\n")
    missed = False
    for name, row in rows.items():
        ratios = [row[ours] / row[theirs] for ours, theirs, _ in EXPECTED]
        missed |= any(ratio > limit for ratio, (_, _, limit) in zip(ratios, EXPECTED, strict=True))
        cells = [*(row[column] for column in COLUMNS), *ratios]
        sys.stdout.write(f"{name:<12}{''.join(f'{cell:>15.2f}' for cell in cells)}\n")
    limits = "".join(f"{'<=':>10} {limit:>4}" for _, _, limit in EXPECTED)
    sys.stdout.write(f"{'expected':<{12 + 15 * len(COLUMNS)}}{limits}\n")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
