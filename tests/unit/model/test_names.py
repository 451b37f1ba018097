from __future__ import annotations

import pytest

from build_env.model.names import TaskName, read_task_id
from build_env.model.task import Stage


@pytest.mark.parametrize(
    ("task", "name", "label"),
    [
        (
            "debian/12:greet:build:arm64",
            TaskName(target="debian/12", subject="greet", stage=Stage.BUILD, arch="arm64"),
            "greet arm64",
        ),
        ("d/12:g:source:source", TaskName(target="d/12", subject="g", stage=Stage.SOURCE, arch="source"), "g"),
        ("d/12:image:d-12-build", TaskName(target="d/12", subject="d-12-build", stage=Stage.IMAGE), "d-12-build"),
        ("d/12:layer:0123abcd", TaskName(target="d/12", subject="0123abcd", stage=Stage.LAYER), "0123abcd"),
        (
            "d/12:g:layer:amd64",
            TaskName(target="d/12", subject="g", stage=Stage.LAYER, arch="amd64"),
            "g amd64",
        ),
        ("d/12:tar:amd64", TaskName(target="d/12", subject="", stage=Stage.TAR, arch="amd64"), "amd64"),
        ("d/12:scan", TaskName(target="d/12", subject="", stage=Stage.SCAN), ""),
    ],
)
def test_an_id_says_of_which_task_it_is(task: str, name: TaskName, label: str) -> None:
    assert read_task_id(task) == name
    assert name.label == label
    assert name.of_package is (":greet:" in task or ":g:" in task)


@pytest.mark.parametrize("task", ["", "d/12", "d/12:tar", "d/12:g:biuld:amd64", "d/12:nothing", "a:b:c:d:e"])
def test_anything_else_is_no_id(task: str) -> None:
    assert read_task_id(task) is None
