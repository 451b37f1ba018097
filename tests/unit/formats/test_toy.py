"""A format that build-env has never heard of: it plans, runs, hits, explains and deploys from a project of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.formats.registry import find_format, is_content, register
from tests.support import toy

if TYPE_CHECKING:
    from tests.support.project import MakeProject, Project

CONFIGURATION = """
from common.toy import *

PACKAGES = ["one", "two", "three"]


def env_match_current(host):
    return True
"""
FILES = {
    "common/toy.py": Path(toy.__file__).read_text(encoding="utf-8"),
    "targets/here/1/packages.conf.py": CONFIGURATION,
    "src/one/toy/recipe.txt": "makes one-toys\n",
    "src/two/toy/recipe.txt": "makes two\nneeds one-toys\n",
    "src/two/deb/build.sh": "#!/bin/sh\n",
    "src/three/toy/recipe.txt": "makes three\n",
}


@pytest.fixture
def made(project: MakeProject) -> Project:
    return project(FILES)


def build(made: Project, *words: str) -> str:
    done = made.run("--engine", "native", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def test_it_plans_runs_hits_and_is_reported(made: Project) -> None:
    planned = made.run("plan", "two", command="build-env")
    assert planned.returncode == 0, planned.stderr
    assert "build    one" in planned.stdout, "the recipe of two needs one-toys, which one makes"
    said = build(made, "--report", "report.html", "--junit", "report.xml")
    assert "build/deploy/toy/shelf/two.toy" in said
    assert made.read("build/deploy/toy/shelf/two.toy") == "two saw one.toy\n"
    assert "two" in made.read("report.html")
    assert "deploy" in made.read("report.xml")
    assert "nothing to do" in build(made)


def test_a_change_is_explained_and_other_packaging_is_none(made: Project) -> None:
    build(made)
    made.write({"src/two/deb/build.sh": "#!/bin/sh\ntrue\n"})
    assert "nothing to do" in build(made)
    made.write({"src/two/toy/recipe.txt": "makes two\nneeds one-toys\nneeds three\n"})
    answer = made.run("why", "two", command="build-env")
    assert "src/two/toy/recipe.txt changed" in answer.stdout
    build(made)
    assert made.read("build/deploy/toy/shelf/two.toy") == "two saw one.toy three.toy\n"


def test_registered_it_answers_as_the_others_do() -> None:
    assert find_format("toy") is toy.TOY
    assert is_content("one.toy")
    with pytest.raises(InputError, match="build-env has it"):
        register(toy.TOY.__class__(**{**vars(toy.TOY), "name": "deb"}))
