"""Measures how long a package waits for its build dependencies: the first and the second one with the same set.

`python -m benchmarks.dependencies`. The rival is what a tool without layers does for each package: a container of the
same image in which apt installs the set. All in one run on one machine, so that only the ratios say something. What
is measured ends with the first line that the build itself prints.
"""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks.support.checkout import checkout

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.support.checkout import Checkout

TARGET = "debian/12"
SET = ("cmake", "libglib2.0-dev", "libssl-dev")
EXPECTED = 0.5
_CHANGELOG = "{name} (1) bookworm; urgency=low\n\n  * One.\n\n -- T <t@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n"
_CONTROL = """\
Source: {name}
Section: misc
Priority: optional
Maintainer: T <t@example.org>
Build-Depends: debhelper-compat (= 13), {set}
Standards-Version: 4.6.2

Package: {name}
Architecture: any
Description: measures
 Nothing.
"""


def main() -> int:
    """Print the table; the exit status tells whether the second package was ready as fast as expected."""
    with checkout() as project:
        for name in ("first", "second"):
            _package(project.root, name)
        project.build("--target", TARGET, "--source", "first", "second")
        project.build("--target", TARGET, "--build", "libgreet")  # the image is made before
        times = {"first package": _ready(project, "first"), "second package, same set": _ready(project, "second")}
        times["apt in a container each time"] = _installed(project)
    plain = times["apt in a container each time"]
    sys.stdout.write(
        f"build dependencies: {', '.join(SET)}\n{'until the build speaks':<34}{'seconds':>9}{'ratio':>8}\n"
    )
    for name, seconds in times.items():
        sys.stdout.write(f"{name:<34}{seconds:>9.2f}{seconds / plain:>8.3f}\n")
    sys.stdout.write(f"expected of the second: <= {EXPECTED} s\n")
    return int(times["second package, same set"] > EXPECTED)


def _package(root: Path, name: str) -> None:
    files = {
        "definition.yaml": f'name: {name}\nversion: "1"\n',
        "deb/control": _CONTROL.format(name=name, set=", ".join(SET)),
        "deb/changelog": _CHANGELOG.format(name=name),
        "deb/rules": "#!/usr/bin/make -f\n%:\n\tdh $@\n",
        "deb/source/format": "3.0 (native)\n",
        "deb/copyright": "None.\n",
    }
    for path, text in files.items():
        (root / "src" / name / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "src" / name / path).write_text(text, encoding="utf-8")
    (root / "src" / name / "deb/rules").chmod(0o755)
    configuration = root / "targets" / TARGET / "packages.conf.py"
    configuration.write_text(
        f"{configuration.read_text(encoding='utf-8')}\nPACKAGES = [*PACKAGES, {name!r}]\n", encoding="utf-8"
    )


def _ready(project: Checkout, name: str) -> float:
    """Seconds from the moment its first task could start until its build printed something."""
    began = 0.0
    ready = 0.0
    for seconds, event in project.events("--target", TARGET, "--build", name):
        if event["event"] == "plan":
            began = seconds
        elif event["event"] == "task-output" and f":{name}:build:" in event["task"] and not ready:
            ready = seconds
    return ready - began


def _installed(project: Checkout) -> float:
    (image,) = (name for name in project.images() if "-build-" in name)
    began = time.perf_counter()
    script = f"apt-get install --yes --quiet --no-install-recommends {' '.join(SET)}"
    subprocess.run(["docker", "run", "--rm", image, "sh", "-c", script], check=True, capture_output=True)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
