"""Source packages brought into a project: RPMs of different shape, made and built in rooms, and Debian sources."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import Shipped
from tests.support.bases import provide_bases
from tests.support.specs import SPECS, write_spec

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = "build/deploy/rpm/centos-8+stand-in"
MADE = (
    "noarch/asker-3-1.el8.noarch.rpm",
    "noarch/paint-macros-1-1.el8.noarch.rpm",
    "noarch/painter-5-1.el8.noarch.rpm",
    "noarch/tally-help-2.1-1.el8.noarch.rpm",
    "noarch/wordlist-1.2-3.el8.noarch.rpm",
    "{arch}/chooser-0.9-1.el8.{arch}.rpm",
    "{arch}/tally-2.1-1.el8.{arch}.rpm",
    "{arch}/tally-devel-2.1-1.el8.{arch}.rpm",
)
# Of another distribution than the target: what a spec says depends on it.
BUILD_SOURCES = """
for spec in src/*/*.spec; do
    rpmbuild -bs --quiet -D "fedora 40" -D "_sourcedir $PWD/${spec%/*}" -D "_srcrpmdir $PWD/work" "$spec"
done >&2
cd work && tar -cf - *.src.rpm
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A project into which all of them were imported; beside it lie `sources`, the source packages."""
    provide_bases()
    top = tmp_path_factory.mktemp("imported")
    for name in SPECS:
        write_spec(name, top / "project/src" / name)
    (top / "project/build-env.toml").touch()
    project = Shipped(root=top / "project")
    said(project, "base", "make", "--stand-in", "centos/8", "--arch", "amd64")
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "shell", "centos/8", "bash", "-c", BUILD_SOURCES]
    made = subprocess.run(argv, cwd=project.root, capture_output=True, check=False)
    assert made.returncode == 0, made.stderr
    with tarfile.open(fileobj=BytesIO(made.stdout)) as archive:
        archive.extractall(top / "sources", filter="data")
    shutil.rmtree(project.root / "src")
    for source in sorted((top / "sources").iterdir()):
        said(project, "import", "srpm", str(source), "--target", "centos/8")
    return project


def said(project: Shipped, *words: str) -> str:
    done = project.build_env(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_imported_is_what_the_source_package_holds(project: Shipped) -> None:
    assert names(project.root / "src") == sorted(SPECS)
    here = {name: names(project.root / "src" / name / "rpm") for name in SPECS}
    assert here["wordlist"] == ["wordlist-1.2.tar.gz", "wordlist-order.patch", "wordlist.spec"]
    # What only Fedora has is in the source package of Fedora, what only others have is not.
    assert here["chooser"] == ["chooser-fedora.conf", "chooser.c", "chooser.spec"]


def test_imported_packages_are_built(project: Shipped, tmp_path: Path) -> None:
    shutil.rmtree(project.root / "src/chooser")
    spec = write_spec("chooser", tmp_path)
    assert "wrote   src/chooser/rpm/chooser-el.conf" in said(
        project, "import", "srpm", str(spec), "--target", "centos/8"
    )
    project.built("--target", "centos/8", "--arch", "amd64")
    for path in MADE:
        assert (project.root / PLAIN / path.format(arch="x86_64")).is_file(), path


@pytest.mark.emulated
@pytest.mark.full
def test_imported_packages_are_built_emulated(project: Shipped) -> None:
    project.built("--setup", "--target", "centos/8", "--arch", "arm64", "tally")
    assert (project.root / PLAIN / "aarch64/tally-2.1-1.el8.aarch64.rpm").is_file()


@pytest.mark.parametrize(
    ("text", "said_of_it"),
    [
        ("Name: bad\nVersion: 1\nRelase: 1\n", "bad.spec:3: Unknown tag: Relase: 1"),
        ("Name: bad\nVersion: 1\nRelease: 1\nSummary: x\nLicense: MIT\nSource: no.tar.gz\n%description\n", "no.tar.gz"),
    ],
)
def test_nothing_is_written_of_what_is_wrong(project: Shipped, tmp_path: Path, text: str, said_of_it: str) -> None:
    (tmp_path / "bad.spec").write_text(text, encoding="utf-8")
    done = project.build_env("import", "srpm", str(tmp_path), "--target", "centos/8")
    assert done.returncode == 2
    assert said_of_it in done.stderr
    assert not [path for path in (project.root / "src").iterdir() if "bad" in path.name]


def source_package(directory: Path) -> Path:
    """A Debian source package `hello 1`, made by hand; its `.dsc`."""
    files = {
        "debian/control": "Source: hello\nMaintainer: A <a@b>\n\nPackage: hello\nArchitecture: all\nDescription: x\n",
        "debian/changelog": "hello (1) x; urgency=low\n\n  * A.\n\n -- A <a@b>  Wed, 01 Oct 2025 10:00:00 +0000\n",
        "debian/source/format": "3.0 (native)\n",
        "debian/rules": "#!/usr/bin/make -f\n%:\n\tdh $@\n",
        "hello": "#!/bin/sh\necho hello\n",
    }
    archive = directory / "hello_1.tar.xz"
    with tarfile.open(archive, "w:xz") as made:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"hello-1/{name}")
            entry.size, entry.mode = len(text), 0o755 if text.startswith("#!") else 0o644
            made.addfile(entry, BytesIO(text.encode()))
    data = archive.read_bytes()
    rows = [("Checksums-Sha256", hashlib.sha256), ("Files", hashlib.md5)]
    sums = "".join(f"{row}:\n {digest(data).hexdigest()} {len(data)} {archive.name}\n" for row, digest in rows)
    dsc = directory / "hello_1.dsc"
    head = "Format: 3.0 (native)\nSource: hello\nBinary: hello\nArchitecture: all\nVersion: 1\nMaintainer: A <a@b>\n"
    dsc.write_text(head + sums, encoding="utf-8")
    return dsc


@pytest.fixture
def empty(tmp_path: Path) -> Shipped:
    """A project without any package."""
    provide_bases()
    (tmp_path / "project/src").mkdir(parents=True)
    (tmp_path / "project/build-env.toml").touch()
    return Shipped(root=tmp_path / "project")


def test_a_debian_source_comes_as_a_tree_or_as_a_pin(empty: Shipped, tmp_path: Path) -> None:
    dsc = source_package(tmp_path)
    refused = empty.build_env("import", "deb", str(dsc), "--target", "debian/12")
    assert refused.returncode == 2
    assert "hello_1.dsc is not what debian/12 has as hello 2.10-3" in refused.stderr
    assert "--tree" in refused.stderr
    assert names(empty.root / "src") == []
    said(empty, "import", "deb", str(dsc), "--tree", "--target", "debian/12")
    assert names(empty.root / "src/hello") == ["debian", "hello"]
    assert os.access(empty.root / "src/hello/debian/rules", os.X_OK)
    (tmp_path / "ours.patch").touch()
    said(empty, "import", "deb", "sl", "--target", "debian/12", "--patch", str(tmp_path / "ours.patch"))
    written = (empty.root / "src/sl/definition.yaml").read_text(encoding="utf-8")
    assert written.startswith("archive:\n  debian/12:\n")
    assert written.endswith("    patches:\n      - patches/ours.patch\n")
    assert names(empty.root / "src/sl/patches") == ["ours.patch"]
    again = empty.build_env("import", "deb", "sl", "--target", "debian/12")
    assert (again.returncode, "src/sl is there already" in again.stderr) == (2, True)


def test_what_a_definition_calls_otherwise_is_not_taken(empty: Shipped, tmp_path: Path) -> None:
    write_spec("asker", tmp_path / "asker")
    (tmp_path / "asker/definition.yaml").write_text("name: other\n", encoding="utf-8")
    done = empty.build_env("import", "srpm", str(tmp_path / "asker"), "--target", "centos/8")
    assert (done.returncode, names(empty.root / "src")) == (2, [])
    assert "its definition.yaml calls it other, and its packaging asker" in done.stderr


def test_a_debian_source_with_other_bytes_is_not_taken(empty: Shipped, tmp_path: Path) -> None:
    dsc = source_package(tmp_path)
    archive = tmp_path / "hello_1.tar.xz"
    archive.write_bytes(archive.read_bytes().replace(b"XZ", b"XY", 1))
    done = empty.build_env("import", "deb", str(dsc), "--tree", "--target", "debian/12")
    assert done.returncode == 2
    assert "hello_1.tar.xz has checksum" in done.stderr
    assert names(empty.root / "src") == []
