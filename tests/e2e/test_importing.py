"""Source RPMs of different shape, made by `rpmbuild -bs` in a room, brought into a project and built there."""

from __future__ import annotations

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
