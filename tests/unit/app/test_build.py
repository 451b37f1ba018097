"""When a run goes on although something failed that is asked before its plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from build_env.app.build import may_go_on
from build_env.model.action import RoomAction
from build_env.model.options import BuildOptions
from build_env.model.task import Stage
from tests.support.samples import room, task

LOST = replace(task("one", stage=Stage.SOURCE), action=RoomAction(room=room()))
IMAGE = task("image", stage=Stage.IMAGE)


@pytest.mark.parametrize(
    ("options", "goes_on"),
    [
        (BuildOptions(), False),
        (BuildOptions(packages=("one", "two")), False),
        (BuildOptions(packages=("two",)), True),
        (BuildOptions(packages=("one", "two"), keep_going=True), True),
        (BuildOptions(keep_going=True), True),
    ],
)
def test_a_source_that_cannot_be_had_stops_only_who_did_not_ask_to_go_on(
    options: BuildOptions, *, goes_on: bool
) -> None:
    assert may_go_on([LOST], options) is goes_on


def test_without_an_image_no_run_goes_on() -> None:
    assert not may_go_on([LOST, IMAGE], BuildOptions(packages=("two",), keep_going=True))
