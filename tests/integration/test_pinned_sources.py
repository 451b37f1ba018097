"""Sources of the distribution's archive with a version and patches of ours, as the Debian package script makes them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from build_env.formats.deb.control import PINNED_CONTROL, with_pinned
from build_env.model.package import Package
from tests.support.programs import need_programs

SCRIPT = Path(__file__).resolve().parents[2] / "common/deb/build.sh"
CONTROL = (
    "Source: thing\nMaintainer: A <a@b.example>\nStandards-Version: 4.6.2\nBuild-Depends: libother-dev\n\n"
    "Package: libthing-dev\nArchitecture: any\nDescription: x\n y\n"
)
CHANGELOG = (
    "thing ({version}) unstable; urgency=low\n\n  * A.\n\n -- A <a@b.example>  Wed, 01 Oct 2025 10:00:00 +0000\n"
)
PATCH = "--- a/greeting\n+++ b/greeting\n@@ -1 +1 @@\n-hello\n+good morning\n"
FORMATS = [("3.0 (quilt)", "1:2-1"), ("3.0 (native)", "2"), ("1.0", "2-1")]


@dataclass(frozen=True)
class Pinned:
    """A source package that is in the download cache already."""

    root: Path
    version: str

    def made(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What the source stage said; `out/` has what it made."""
        for name in ("work", "out"):
            subprocess.run(["rm", "-rf", self.root / name], check=True)
            (self.root / name).mkdir()
        plain = self.version.partition(":")[2] or self.version
        digest = hashlib.sha256((self.root / f"downloads/thing_{plain}.dsc").read_bytes()).hexdigest()
        argv = ["bash", str(SCRIPT), "--source", f"--archive-version={self.version}", f"--archive-sha256={digest}"]
        places = {
            f"BUILD_{name.upper()}": str(self.root / folder)
            for name, folder in {"work": "work", "out": "out", "downloads": "downloads", "src": "src/thing"}.items()
        }
        environment = {
            "PATH": os.environ["PATH"],
            "BUILD_ROOT": str(self.root),
            "BUILD_PACKAGE": "thing",
            "ARCH": "amd64",
            **places,
        }
        return subprocess.run([*argv, *words], env=environment, capture_output=True, text=True, check=False)

    def names(self) -> set[str]:
        """The files that were made."""
        return {path.name for path in (self.root / "out").iterdir()}

    def unpacked(self) -> Path:
        """The source as a build unpacks it."""
        (dsc,) = (path for path in (self.root / "out").glob("thing_*.dsc"))
        tree = self.root / "unpacked"
        subprocess.run(["rm", "-rf", tree], check=True)
        subprocess.run(["dpkg-source", "--no-check", "--extract", dsc, tree], check=True, capture_output=True)
        return tree


@pytest.fixture(params=FORMATS, ids=[name for name, _ in FORMATS])
def pinned(request: pytest.FixtureRequest, tmp_path: Path) -> Pinned:
    """A source package of each format."""
    need_programs("dpkg-source")
    source_format, version = request.param
    tree = tmp_path / "made/thing-2"
    files = {
        "greeting": "hello\n",
        "debian/control": CONTROL,
        "debian/changelog": CHANGELOG.format(version=version),
        "debian/rules": "#!/usr/bin/make -f\n",
        "debian/source/format": f"{source_format}\n",
    }
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    if "native" not in source_format:
        archive = downloads / "thing_2.orig.tar.gz"
        subprocess.run(["tar", "-C", tree.parent, "--exclude=thing-2/debian", "-czf", archive, "thing-2"], check=True)
    subprocess.run(["dpkg-source", "--build", tree], cwd=downloads, check=True, capture_output=True)
    (tmp_path / "src/thing").mkdir(parents=True)
    (tmp_path / "src/thing/ours.patch").write_text(PATCH, encoding="utf-8")
    return Pinned(root=tmp_path, version=version)


def test_a_patch_is_put_on_top_and_the_version_says_so(pinned: Pinned) -> None:
    words = ("--archive-suffix=+~local1", "--archive-patch=src/thing/ours.patch")
    assert pinned.made(*words).returncode == 0
    first = {path.name: path.read_bytes() for path in (pinned.root / "out").iterdir()}
    tree = pinned.unpacked()
    assert (tree / "greeting").read_text(encoding="utf-8") == "good morning\n"
    top = (tree / "debian/changelog").read_text(encoding="utf-8").partition("\n")[0]
    assert top == f"thing ({pinned.version}+~local1) unstable; urgency=medium"
    assert pinned.made(*words).returncode == 0
    assert {path.name: path.read_bytes() for path in (pinned.root / "out").iterdir()} == first, (
        "it depends on the clock"
    )


def test_without_both_it_is_the_distributions_own(pinned: Pinned) -> None:
    assert pinned.made("--archive-suffix=").returncode == 0
    given = {path.name for path in (pinned.root / "downloads").iterdir()}
    assert pinned.names() == {*given, "build-depends.dsc", PINNED_CONTROL}
    assert all(
        (pinned.root / "out" / name).read_bytes() == (pinned.root / "downloads" / name).read_bytes() for name in given
    )


def test_the_control_file_is_left_for_the_plan(pinned: Pinned) -> None:
    assert pinned.made("--archive-suffix=+~local1").returncode == 0
    report = (pinned.root / "out" / PINNED_CONTROL).read_text(encoding="utf-8")
    known = with_pinned({"thing": Package(name="thing", directory="src/thing")}, report)["thing"].packaging["deb"]
    assert [binary.name for binary in known.binaries] == ["libthing-dev"]


def test_a_patch_that_does_not_fit_is_a_failure(pinned: Pinned) -> None:
    (pinned.root / "src/thing/ours.patch").write_text(PATCH.replace("-hello", "-other"), encoding="utf-8")
    assert pinned.made("--archive-suffix=+~local1", "--archive-patch=src/thing/ours.patch").returncode != 0


def test_the_suffix_is_higher_than_the_same_version_and_lower_than_each_newer_one() -> None:
    need_programs("dpkg-source")
    ours = "2-1+~local1"
    for relation, other in (("gt", "2-1"), ("lt", "2-1+deb12u1"), ("lt", "2-1+b1"), ("lt", "2-1.1"), ("lt", "2-2")):
        subprocess.run(["dpkg", "--compare-versions", ours, relation, other], check=True)
