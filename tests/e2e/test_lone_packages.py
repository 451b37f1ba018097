"""Packages that are in no project, made from the templates: built where they lie, and from their source packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.bases import provide_bases

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGES = ("c", "python", "script")
FAMILIES = {
    "deb": ("debian/12", ".dsc", ("_0.1.0_amd64.deb", "_0.1.0_all.deb")),
    "rpm": ("centos/8", ".src.rpm", ("-0.1.0-1.el8.x86_64.rpm", "-0.1.0-1.el8.noarch.rpm")),
}


@pytest.fixture(scope="module")
def lone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a package of each language, and nothing else of build-env."""
    provide_bases()
    root = tmp_path_factory.mktemp("lone")
    said(root, "build_env.cli.main", "init", "begun")
    for language in LANGUAGES:
        said(root / "begun", "build_env.cli.main", "new", "package", f"in-{language}", f"--{language}")
        (root / "begun/src" / f"in-{language}").rename(root / f"in-{language}")
    shutil.rmtree(root / "begun")
    return root


def said(directory: Path, module: str, *words: str) -> str:
    """What the command said, which has to end well; it keeps its state beside the directory."""
    environment = {**os.environ, "XDG_STATE_HOME": f"{directory}.state"}
    argv = [sys.executable, "-P", "-m", module, *words]
    done = subprocess.run(argv, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


@pytest.mark.parametrize("family", FAMILIES)
def test_packages_are_built_where_they_lie_and_again_from_their_source_packages(
    lone: Path, tmp_path: Path, family: str
) -> None:
    target, source, endings = FAMILIES[family]
    command = ("build_env.cli.build_all", "--setup", "--target", target, "--arch", "amd64", "--results")
    before = contents(lone)
    places = [f"./in-{language}" for language in LANGUAGES]
    assert "  ok    verify   in-c " in said(lone, *command, str(tmp_path / "first"), *places)
    assert contents(lone) == before
    first = contents(tmp_path / "first" / target.replace("/", "-"))
    made = {name: data for name, data in first.items() if name.endswith(endings) and "dbgsym" not in name}
    assert len(made) == len(LANGUAGES), sorted(first)
    (found,) = (name for name in first if name.startswith("in-c") and name.endswith(source))
    said(tmp_path / "first" / target.replace("/", "-"), *command, str(tmp_path / "again"), found)
    again = contents(tmp_path / "again" / target.replace("/", "-"))
    assert {name: again[name] for name in again if name in made} == {
        name: data for name, data in made.items() if name.startswith("in-c")
    }
