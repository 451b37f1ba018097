"""What the shared scripts say on a machine that is its own room and lacks build dependencies: both ways out."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

COMMON = Path(__file__).resolve().parents[3] / "common"
TARGET = "print_target() { echo here/1; }"
# What the package manager says is given: no test may install or remove anything here.
DEB = """
check_depends() { echo 'dpkg-checkbuilddeps: error: unmet build dependencies: nowhere-dev'; return 1; }
source_folder=. DEPENDS_FILE=needs
: >needs
need_build_depends
"""
RPM = """
echo 'error: Failed build dependencies:' >log
explain_failure 11 log
"""


def function(family: str, name: str) -> str:
    lines = (COMMON / family / "build.sh").read_text(encoding="utf-8")
    start = lines.index(f"\n{name}() {{")
    return lines[start : lines.index("\n}\n", start) + 3]


@pytest.mark.parametrize(
    ("family", "name", "call"), [("deb", "need_build_depends", DEB), ("rpm", "explain_failure", RPM)]
)
def test_missing_build_dependencies_name_both_ways_out(tmp_path: Path, family: str, name: str, call: str) -> None:
    script = f"set -eu\n. {COMMON}/{family}/lib.sh\n{TARGET}\n{function(family, name)}\n{call}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == os.EX_CONFIG
    assert "with --target here/1 the package is built in a container" in done.stderr
    assert "with --install they are installed on this machine" in done.stderr
    assert family == "rpm" or "unmet build dependencies: nowhere-dev" in done.stderr
