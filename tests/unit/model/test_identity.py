"""The identity of a task: a value; its text is for people."""

from __future__ import annotations

import json

import pytest

from build_env.core.canonical import canonical_json
from build_env.model.identity import TaskName
from build_env.model.task import Stage


@pytest.mark.parametrize(
    ("name", "text", "label", "of_package"),
    [
        (TaskName("debian/12", "greet", Stage.BUILD, "arm64"), "debian/12:greet:build:arm64", "greet arm64", True),
        (TaskName("d/12", "build", Stage.BUILD, "all"), "d/12:build:build:all", "build all", True),
        (TaskName("d/12", "g", Stage.SOURCE, "source"), "d/12:g:source:source", "g", True),
        (TaskName("d/12", "d-12-build", Stage.IMAGE), "d/12:image:d-12-build", "d-12-build", False),
        (TaskName("d/12", "", Stage.SCAN), "d/12:scan", "", False),
        (TaskName("d/12", "", Stage.TAR, "amd64"), "d/12:tar:amd64", "amd64", False),
    ],
)
def test_the_text_of_a_name(name: TaskName, text: str, label: str, *, of_package: bool) -> None:
    assert (str(name), name.label, name.of_package) == (text, label, of_package)


def test_json_has_the_text_of_a_name_also_as_a_key() -> None:
    name = TaskName("debian/12", "greet", Stage.BUILD, "arm64")
    assert json.loads(canonical_json({"task": name, "by": {name: 1}})) == {"task": str(name), "by": {str(name): 1}}


def test_a_name_from_a_row_is_the_name_of_the_plan() -> None:
    assert {TaskName("d/12", "g", Stage.BUILD, "all"): 1}[TaskName("d/12", "g", "build", "all")] == 1
