"""What `common/deb/build.sh` says of a package without a room."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "common/deb/build.sh"
CHANGELOG = "one (1:2.0-1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n"


@pytest.mark.skipif(not shutil.which("dpkg-parsechangelog"), reason="dpkg-parsechangelog is not installed")
@pytest.mark.parametrize("head", ["", "\n\n", "\n  \n"])
def test_name_and_version_are_what_dpkg_reads(tmp_path: Path, head: str) -> None:
    (tmp_path / "deb").mkdir()
    (tmp_path / "deb/changelog").write_text(head + CHANGELOG, encoding="utf-8")
    asked = ["bash", str(SCRIPT), "--print-package-name", "--print-package-version"]
    environment = {"PATH": os.environ["PATH"], "BUILD_SRC": str(tmp_path)}
    answer = subprocess.run(asked, env=environment, check=True, capture_output=True, text=True)
    assert answer.stdout.split() == ["one", "1:2.0-1"]


@pytest.mark.parametrize(
    ("control", "cross", "profiles"),
    [
        ("Package: one\n", "false", ""),
        ("Package: one-udeb\nPackage-Type: udeb\n", "false", "noudeb"),
        ("Package: one-udeb\nXC-Package-Type: udeb \n", "true", "cross nocheck noudeb"),
        ("Package: one\nDescription: a\n Package-Type: udeb\n", "true", "cross nocheck"),
    ],
)
def test_packages_for_the_installer_are_not_built(tmp_path: Path, control: str, cross: str, profiles: str) -> None:
    (tmp_path / "control").write_text(control, encoding="utf-8")
    lines = SCRIPT.read_text(encoding="utf-8")
    start = lines.index("build_profiles() {")
    function = lines[start : lines.index("\n}\n", start) + 3]
    given = "set -eu\nCROSS_PROFILES='cross,nocheck'\n"
    script = f"{given}is_cross() {{ {cross}; }}\n{function}build_profiles {tmp_path}/control"
    asked = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    assert asked.stdout == f"{profiles}\n"
