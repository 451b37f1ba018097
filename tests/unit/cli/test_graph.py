"""`build-env graph` in a project that needs no container engine."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import MakeProject


def test_the_same_plan_gives_the_same_graph_and_a_run_changes_its_words(project: MakeProject) -> None:
    made = project()
    first = made.run("graph", command="build-env")
    assert (first.returncode, first.stderr) == (0, "")
    assert made.run("graph", command="build-env").stdout == first.stdout
    assert "source one\\nrun" in first.stdout
    assert "maybe" in first.stdout
    assert made.run("one", "two").returncode == 0
    after = made.run("graph", "one", "two", "--packages", "--json", command="build-env")
    data = json.loads(after.stdout)
    assert [node["lines"] for node in data["nodes"]] == [["one", "2 hit"], ["two", "2 hit"]]
    assert [(edge["source"], edge["target"]) for edge in data["edges"]] == [("one", "two")]


def test_a_file_is_replaced_as_a_whole(project: MakeProject) -> None:
    made = project()
    made.write({"picture.mmd": "old"})
    answer = made.run("graph", "--format", "mermaid", "-o", "picture.mmd", command="build-env")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert made.read("picture.mmd").splitlines()[3] == "flowchart LR"
    assert not [name for name in made.listing() if "picture.mmd." in name]


def test_svg_without_graphviz_says_how_to_get_it(project: MakeProject) -> None:
    answer = project().run("graph", "--format", "svg", command="build-env", environment={"PATH": "/nonexistent"})
    assert (answer.returncode, answer.stdout) == (4, "")
    assert "apt-get install graphviz" in answer.stderr


def test_svg(project: MakeProject) -> None:
    if shutil.which("dot") is None:
        pytest.skip("graphviz is not installed here; .ci/run installs it")
    answer = project().run("graph", "--format", "svg", command="build-env")
    assert answer.returncode == 0
    assert "</svg>" in answer.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--format", "png"), "--format takes dot, mermaid or svg, not png"),
        (("--json", "--format", "dot"), "exclude each other"),
        (("onne",), "did you mean one?"),
        (("-o", "."), "this is a directory"),
    ],
)
def test_wrong_use(project: MakeProject, words: tuple[str, ...], said: str) -> None:
    answer = project().run("graph", *words, command="build-env")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr
