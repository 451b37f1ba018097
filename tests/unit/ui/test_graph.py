"""The graph of a plan as golden files; names that two languages could misread, checked by graphviz itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from build_env.model.task import Plan, Stage
from build_env.ui.graph.dot import dot_lines
from build_env.ui.graph.mermaid import mermaid_lines
from build_env.ui.graph.nodes import Group, Node, Picture, graph_data, one_line, packages_picture, tasks_picture
from tests.support.golden import check_golden
from tests.support.runs import TARGET, make_task

IMAGE = make_task(Stage.IMAGE, f"{TARGET} build")
LIBRARY = make_task(Stage.BUILD, "libgreet", "amd64", needs=[IMAGE])
GREET = make_task(Stage.BUILD, "greet", "amd64", needs=[IMAGE, LIBRARY])
SHIP_LIBRARY = make_task(Stage.DEPLOY, "libgreet", "amd64", needs=[LIBRARY])
SHIP = replace(make_task(Stage.DEPLOY, "greet", "amd64", needs=[GREET]), after=(SHIP_LIBRARY.name,))
TAR = make_task(Stage.TAR, TARGET, "amd64", needs=[GREET])
PLAN = Plan(targets={TARGET: ("amd64",)}, tasks=(IMAGE, LIBRARY, GREET, SHIP_LIBRARY, SHIP, TAR))
VERDICTS = {
    IMAGE.name: "hit",
    LIBRARY.name: "run",
    GREET.name: "maybe",
    SHIP_LIBRARY.name: "maybe",
    SHIP.name: "maybe",
    TAR.name: "maybe",
}
PICTURES = {"tasks": tasks_picture, "packages": packages_picture}
WRITERS = {"dot": dot_lines, "mermaid": mermaid_lines}
NAMES = st.text(min_size=1, max_size=20).filter(lambda name: one_line(name) != "")
HOSTILE = [
    '"',
    "\\",
    "a\\",
    '\\"',
    "\\N",
    "<b>",
    "&amp;",
    "&#38;",
    "%%{init}%%",
    "end",
    "]",
    "#quot;",
    "a\nb",
    "`",
    ";",
]


def only(*names: str) -> Picture:
    """Nodes and groups with these names."""
    nodes = tuple(Node(id=str(number), lines=(name,), verdict="run") for number, name in enumerate(names))
    return Picture(title=names[0], groups=tuple(Group(title=name, nodes=nodes) for name in names[:1]), edges=())


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("language", WRITERS)
def test_golden(language: str, picture: str, *, update_golden: bool) -> None:
    lines = WRITERS[language](PICTURES[picture](PLAN, VERDICTS))
    check_golden(f"graph/{picture}.{language}", "".join(f"{line}\n" for line in lines), update=update_golden)


def test_an_edge_between_packages_is_loose_only_if_nothing_of_one_needs_the_other() -> None:
    other = replace(make_task(Stage.DEPLOY, "other", "amd64"), after=(SHIP_LIBRARY.name,))
    plan = replace(PLAN, tasks=(*PLAN.tasks, other))
    picture = packages_picture(plan, {**VERDICTS, other.name: "run"})
    loose = {(edge.source, edge.target): edge.loose for edge in picture.edges}
    assert loose["libgreet", "greet"] is False
    assert loose["libgreet", "other"] is True
    assert not any(source == target for source, target in loose)


def test_data_has_every_node_with_its_group() -> None:
    data = graph_data(tasks_picture(PLAN, VERDICTS))
    nodes = data["nodes"]
    assert isinstance(nodes, list)
    assert {node["id"]: node["group"] for node in nodes}[str(GREET.name)] == "greet"
    assert {node["id"]: node["verdict"] for node in nodes} == {str(name): verdict for name, verdict in VERDICTS.items()}


@pytest.mark.parametrize("name", HOSTILE)
def test_mermaid_holds_no_character_that_could_end_a_text(name: str) -> None:
    for line in mermaid_lines(only(name))[4:]:
        shown = re.search(r'"(.*)"', line)
        assert shown is None or re.fullmatch(r"(?:[A-Za-z0-9 ,./_~+-]|#\d+;)*", shown[1])


@given(st.lists(NAMES, min_size=1, max_size=8))
@settings(max_examples=40)
def test_graphviz_reads_every_name_as_it_is(names: list[str]) -> None:
    drawn(names)


def test_graphviz_reads_names_made_to_break_out() -> None:
    drawn(HOSTILE)


def drawn(names: list[str]) -> None:
    """Draw the names and find them in the picture."""
    program = shutil.which("dot")
    if program is None:
        pytest.skip("graphviz is not installed here; .ci/run installs it")
    text = "\n".join(dot_lines(only(*names)))
    result = subprocess.run([program, "-Tsvg"], input=text.encode(), capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert b"syntax error" not in result.stderr
    svg = ET.fromstring(result.stdout.decode())  # noqa: S314 - graphviz made it
    texts = [" ".join((element.text or "").split()) for element in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(texts) == sorted(one_line(name) for name in [*names, names[0], names[0]])
