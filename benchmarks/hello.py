"""Measures `hello` for amd64 and arm64 (cross) at once against the longer of the two alone, dependencies ready.

`python -m benchmarks.hello [--rounds 3]`. In the same run, where it is installed and a chroot of it can be made:
sbuild in its unshare mode, which installs the build dependencies each time.
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

from benchmarks.support.checkout import checkout

if TYPE_CHECKING:
    from benchmarks.support.checkout import Checkout

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
        sbuild = _sbuild(project)
    if isinstance(sbuild, float):
        times["sbuild, unshare, amd64"] = [sbuild]
    longer = max(statistics.median(times[name]) for name in list(WAYS)[:2])
    sys.stdout.write(f"hello, {rounds} rounds, medians\n{'way':<28}{'seconds':>9}{'x longer alone':>16}\n")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        sys.stdout.write(f"{name:<28}{middle:>9.2f}{middle / longer:>16.2f}\n")
    if isinstance(sbuild, str):
        sys.stdout.write(f"sbuild did not take part: {sbuild}\n")
    sys.stdout.write(f"expected of both at once: <= {EXPECTED}\n")
    return int(statistics.median(times["both at once"]) / longer > EXPECTED)


def _sbuild(project: Checkout) -> float | str:
    """Seconds of sbuild for the same source package, or why it cannot be said."""
    if not (shutil.which("sbuild") and shutil.which("mmdebstrap")):
        return "sbuild or mmdebstrap is not installed"
    with tempfile.TemporaryDirectory() as directory:
        chroot = Path(directory) / "bookworm.tar"
        made = subprocess.run(
            ["mmdebstrap", "--variant=buildd", "bookworm", str(chroot)], check=False, capture_output=True
        )
        sources = sorted((project.root / "build/downloads/hello").glob("hello_*"))
        if made.returncode:
            return f"mmdebstrap failed: {_last_words(made)}"
        if not any(path.suffix == ".dsc" for path in sources):
            return "the .dsc of hello is not in build/downloads/hello"
        for path in sources:
            shutil.copy(path, directory)
        (dsc,) = Path(directory).glob("*.dsc")
        command = [
            "sbuild",
            "--chroot-mode=unshare",
            f"--chroot={chroot}",
            "--dist=bookworm",
            "--no-run-lintian",
            str(dsc),
        ]
        began = time.perf_counter()
        done = subprocess.run(command, cwd=directory, check=False, capture_output=True)
        seconds = time.perf_counter() - began
        return f"sbuild failed: {_last_words(done)}" if done.returncode else seconds


def _last_words(process: subprocess.CompletedProcess[bytes]) -> str:
    lines = (process.stderr or process.stdout).decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), f"exit status {process.returncode}")


if __name__ == "__main__":
    sys.exit(main())
