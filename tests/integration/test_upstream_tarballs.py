"""Source packages from upstream tarballs beside the package, as the Debian package script makes them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import need_programs

SCRIPT = Path(__file__).resolve().parents[2] / "common/deb/build.sh"
CONTROL = "Source: thing\nMaintainer: A <a@b.example>\nStandards-Version: 4.6.2\n\nPackage: thing\nArchitecture: any\n"
CHANGELOG = "thing (1:2-1) x; urgency=low\n\n  * A.\n\n -- A <a@b.example>  Wed, 01 Oct 2025 10:00:00 +0000\n"
PATCH = "--- a/greeting\n+++ b/greeting\n@@ -1 +1 @@\n-hello\n+good morning\n"
PACKAGING = {
    "debian/control": f"{CONTROL}Description: x\n y\n",
    "debian/changelog": CHANGELOG,
    "debian/rules": "#!/usr/bin/make -f\n",
    "debian/source/format": "3.0 (quilt)\n",
    "debian/patches/series": "ours.patch\n",
    "debian/patches/ours.patch": PATCH,
}
UPSTREAM = {"greeting": "hello\n", "debian/of-upstream": "not ours\n"}


def write(directory: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")


def packed(root: Path, name: str, files: dict[str, str], inner: str) -> None:
    """A tarball beside the package, whose files lie in the directory `inner`."""
    write(root / "upstream" / name / inner, files)
    subprocess.run(["tar", "-C", root / "upstream" / name, "-caf", root / "src" / name, inner], check=True)


def made(root: Path) -> subprocess.CompletedProcess[str]:
    for name in ("work", "out"):
        (root / name).mkdir()
    places = {f"BUILD_{name.upper()}": str(root / name) for name in ("work", "out")}
    environment = {"PATH": os.environ["PATH"], "BUILD_SRC": str(root / "src/thing"), "ARCH": "amd64", **places}
    argv = ["bash", str(SCRIPT), "--source"]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)


def unpacked(root: Path) -> Path:
    (dsc,) = (root / "out").glob("thing_*.dsc")
    subprocess.run(["dpkg-source", "--no-check", "-x", dsc, root / "unpacked"], check=True, capture_output=True)
    return root / "unpacked"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    need_programs("dpkg-source")
    write(tmp_path / "src/thing", PACKAGING)
    return tmp_path


@pytest.mark.parametrize("tree", [{}, {**UPSTREAM, "data/list": "a\n"}], ids=["packaging only", "unpacked"])
def test_the_tarballs_are_part_of_the_source_package(root: Path, tree: dict[str, str]) -> None:
    write(root / "src/thing", {name: text for name, text in tree.items() if name != "debian/of-upstream"})
    packed(root, "thing_2.orig.tar.xz", UPSTREAM, "thing-2")
    packed(root, "thing_2.orig-data.tar.gz", {"list": "a\n"}, "things")
    done = made(root)
    assert done.returncode == 0, done.stdout + done.stderr
    names = {path.name for path in (root / "out").iterdir()}
    assert {"thing_2.orig.tar.xz", "thing_2.orig-data.tar.gz", "thing_2-1.debian.tar.xz"} <= names
    given, taken = (root / place / "thing_2.orig.tar.xz" for place in ("src", "out"))
    assert taken.read_bytes() == given.read_bytes()
    source = unpacked(root)
    assert (source / "greeting").read_text(encoding="utf-8") == "good morning\n"
    assert (source / "data/list").read_text(encoding="utf-8") == "a\n"
    assert not (source / "debian/of-upstream").exists()


def test_without_a_tarball_one_is_made_of_the_tree(root: Path) -> None:
    write(root / "src/thing", {"greeting": "hello\n"})
    done = made(root)
    assert "no thing_2.orig.tar.* is given" in done.stdout, done.stderr
    assert (unpacked(root) / "greeting").read_text(encoding="utf-8") == "good morning\n"


@pytest.mark.parametrize("state", ["applied", "applied with .pc", "not applied"])
def test_the_tarball_that_is_made_is_the_one_that_the_patches_are_for(root: Path, state: str) -> None:
    """A tree may have its patches applied, as some keep it in git, or as quilt left it."""
    second = "--- a/greeting\n+++ b/greeting\n@@ -1 +1 @@\n-good morning\n+good evening\n"
    patches = {"series": "ours.patch\nsecond.patch # the last\n", "second.patch": second}
    write(root / "src/thing/debian/patches", patches)
    write(root / "src/thing", {"greeting": "hello\n" if state == "not applied" else "good evening\n"})
    if state.endswith(".pc"):
        quilt = {".version": "2\n", "applied-patches": "ours.patch\nsecond.patch\n", "ours.patch/greeting": "hello\n"}
        write(root / "src/thing/.pc", {**quilt, "second.patch/greeting": "good morning\n"})
    done = made(root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (unpacked(root) / "greeting").read_text(encoding="utf-8") == "good evening\n"
    archive = ["tar", "-xOf", str(root / "out/thing_2.orig.tar.gz"), "thing-2/greeting"]
    assert subprocess.run(archive, capture_output=True, text=True, check=True).stdout == "hello\n"


@pytest.mark.parametrize(
    ("options", "left_out", "archive"),
    [
        ("tar-ignore = debian/private\ncompression = gzip\n", "debian/private", "thing_2-1.debian.tar.gz"),
        ("single-debian-patch\n", "", "thing_2-1.debian.tar.xz"),
    ],
)
def test_options_of_dpkg_source_hold(root: Path, options: str, left_out: str, archive: str) -> None:
    write(root / "src/thing", {"greeting": "hello\n", "debian/private": "x", "debian/source/options": options})
    done = made(root)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (root / "out" / archive).is_file()
    assert (unpacked(root) / "debian/private").exists() == (not left_out)


def test_packaging_without_anything_to_package_is_told(root: Path) -> None:
    done = made(root)
    assert done.returncode == 1
    assert "thing 2 has packaging only, and no upstream tarball" in done.stderr
    assert "put thing_2.orig.tar.gz" in done.stderr


def test_a_change_that_no_patch_makes_is_told_by_dpkg_source(root: Path) -> None:
    write(root / "src/thing", {"greeting": "good day\n"})
    packed(root, "thing_2.orig.tar.xz", UPSTREAM, "thing-2")
    done = made(root)
    assert done.returncode == 1
    assert "dpkg-source cannot make the source package; it says why above" in done.stderr
