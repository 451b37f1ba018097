"""A format from outside build-env, in real rooms: built, published with a signature, told to clients, up to date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.support import toy
from tests.support.tiny import TARGET, tiny_project

if TYPE_CHECKING:
    from tests.support.tiny import Tiny

HOOKS = """

from common.toy import *

def run_verify(env: Env, package: Package) -> None:
    pass
"""


def made(project: Tiny) -> None:
    project.write("common/toy.py", Path(toy.__file__).read_text(encoding="utf-8"))
    project.write("src/one/toy/recipe.txt", "makes one-toys\n")
    project.write("src/two/toy/recipe.txt", "makes two\nneeds one-toys\n")
    project.configure(HOOKS)


def test_a_target_of_it_is_built_and_published(tmp_path: Path) -> None:
    with tiny_project(tmp_path, "one", "two") as project:
        made(project)
        shelf = tmp_path / "build/repositories/main/toy" / TARGET.replace("/", "-") / "shelf"
        project.build().expect(0, "build/deploy/toy/shelf/two.toy", f"toybox add file://{shelf}")
        assert (shelf / "index.txt").read_text().splitlines() == [
            "one.toy\ttoy/files\tone-toys saw",
            "two.toy\ttoy/files\ttwo saw one.toy",
        ]
        assert (shelf / "index.txt.asc").is_file()
        project.build().expect(0, "nothing to do")
        (shelf.parents[1] / "files/two.toy").unlink()
        project.build().expect(0, "toybox add")
        assert (shelf.parents[1] / "files/two.toy").is_file()
