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
    assert asked(f"build_profiles {tmp_path}/control", cross=cross) == profiles


def asked(command: str, *, cross: str = "false", **environment: str) -> str:
    """What functions of the script answer."""
    lines = SCRIPT.read_text(encoding="utf-8")
    functions = ""
    for name in ("has_word", "profiles_in_force", "build_profiles", "binary_option", "buildpackage", "field"):
        start = lines.index(f"\n{name}() {{")
        functions += lines[start : lines.index("\n}\n", start) + 3]
    given = f"set -eu\nCROSS_PROFILES='cross,nocheck'\nsay() {{ echo \"$*\"; }}\nis_cross() {{ {cross}; }}\n"
    environment = {"PATH": os.environ["PATH"], "ARCH": "amd64", "BUILD_ARCH_ALL": "1", **environment}
    script = ["bash", "-c", f"{given}{functions}{command}"]
    return subprocess.run(script, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def test_chosen_profiles_are_in_force_beside_those_of_a_cross_build(tmp_path: Path) -> None:
    (tmp_path / "control").write_text("Package: one\n", encoding="utf-8")
    command = f"profiles_in_force; build_profiles {tmp_path}/control"
    assert asked(command, BUILD_PROFILES="nodoc stage1").split("\n") == ["nodoc,stage1", "nodoc stage1"]
    assert asked(command, cross="true", BUILD_PROFILES="nodoc").split("\n")[0] == "cross,nocheck,nodoc"


@pytest.mark.skipif(not shutil.which("dpkg-architecture"), reason="dpkg-architecture is not installed")
@pytest.mark.parametrize(("only", "option"), [("", "-b"), ("indep", "-A")])
def test_which_packages_are_built(tmp_path: Path, only: str, option: str) -> None:
    (tmp_path / "one.dsc").write_text("Architecture: any all\n", encoding="utf-8")
    assert asked(f"binary_option {tmp_path}/one.dsc", BUILD_ONLY=only) == option


@pytest.mark.parametrize(
    ("profiles", "options", "cross", "said"),
    [
        ("", "", "false", "parallel=1"),
        ("nocheck nodoc stage1", "noopt nodoc", "false", "parallel=1 noopt nodoc nocheck"),
        ("nocheck", "", "true", "parallel=1 nocheck"),
    ],
)
def test_policy_has_profiles_that_are_options_too(
    tmp_path: Path, profiles: str, options: str, cross: str, said: str
) -> None:
    (tmp_path / "debian").mkdir()
    (tmp_path / "debian/control").write_text("Package: one\n", encoding="utf-8")
    stubs = 'dpkg-parsechangelog() { echo 1; }; dpkg-buildpackage() { echo "$DEB_BUILD_OPTIONS"; };'
    answer = asked(f"{stubs} buildpackage -b {tmp_path}", cross=cross, BUILD_PROFILES=profiles, BUILD_OPTIONS=options)
    assert answer == said


@pytest.mark.parametrize(("theirs", "told"), [("2.0", True), ("1.0", True), ("0.9", False), ("", False)])
def test_a_version_that_the_distribution_has_too_is_told(tmp_path: Path, theirs: str, *, told: bool) -> None:
    """Versions are compared by dpkg in a room; here by sort, which knows these."""
    stubs = f"""set -euo pipefail
    say() {{ printf '%s\\n' "$*"; }}
    dpkg-deb() {{ if [ "$3" = Package ]; then echo one; else echo 1.0; fi; }}
    apt-cache() {{ [ -z "{theirs}" ] || printf 'Package: one\\nVersion: {theirs}\\nDescription: x\\n'; }}
    dpkg() {{ [ "$(printf '%s\\n' "$2" "$4" | sort -V | tail -n 1)" = "$2" ]; }}
    """
    text = SCRIPT.read_text(encoding="utf-8")
    start = text.index("\ntell_older() {")
    script = f"{stubs}{text[start : text.index(chr(10) + '}' + chr(10), start) + 3]}tell_older one_1.0_all.deb"
    answer = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    note = f"note: the distribution has one {theirs}: clients take 1.0 only with build-env.pref\n"
    assert answer == (note if told else "")
