"""A kind of task that build-env has never heard of: it plans, runs, hits, explains and is shown in reports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.work.kind import Kind
from build_env.work.registry import find_kind, kind_of, register
from tests.support.project import native_project

if TYPE_CHECKING:
    from tests.support.project import MakeProject, Project

TALLY = Path(__file__).resolve().parents[2] / "support" / "tally.py"
CONFIGURATION = """import common.tally

PACKAGES = ["one", "two"]
TALLY = "files"


def env_match_current(host):
    return True


def run_tar_build(env):
    pass
"""
FILES = {
    **native_project(),
    "common/tally.py": TALLY.read_text(encoding="utf-8"),
    "targets/here/1/packages.conf.py": CONFIGURATION,
}


@pytest.fixture
def made(project: MakeProject) -> Project:
    return project(FILES)


def build(made: Project, *words: str) -> str:
    done = made.run("--engine", "native", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def test_it_plans_runs_hits_and_is_reported(made: Project) -> None:
    planned = made.run("plan", "--commands", command="build-env")
    assert planned.returncode == 0, planned.stderr
    assert "  tally    one" in planned.stdout
    assert "count files" in planned.stdout
    said = build(made, "--report", "report.html", "--junit", "report.xml")
    assert "tally    one" in said
    assert "tally" in made.read("report.xml")
    assert "tally.txt" in made.read("report.html")
    logged = made.run("log", "two", "--json", command="build-env")
    log = next(item for item in json.loads(logged.stdout) if item["stage"] == "tally")
    assert made.read(log["path"]) == "counted 1 files\n"
    assert "nothing to do" in build(made)
    graph = made.run("graph", "--json", command="build-env")
    assert any(node["id"].startswith("here/1:one:tally:") for node in json.loads(graph.stdout)["nodes"])


def test_a_change_is_explained_and_done_again(made: Project) -> None:
    build(made)
    made.write({"targets/here/1/packages.conf.py": CONFIGURATION.replace('"files"', '"things"')})
    why = made.run("why", "one", command="build-env").stdout.splitlines()
    assert [line.split()[0] for line in why if " tally " in line] == ["run"]
    assert any("unit changed (files → things)" in line for line in why)
    assert "1 task in" in build(made, "one") or "2 tasks in" in build(made)


def test_of_a_kind_of_build_envs_own_there_is_no_other() -> None:
    class Another(Kind):
        name = "build"

    with pytest.raises(InputError, match="build-env has it"):
        register(Another())
    assert kind_of("build").rank == 3.0
    assert find_kind("nonsense") is None
    with pytest.raises(InputError, match="there is no kind of task nonsense"):
        kind_of("nonsense")
