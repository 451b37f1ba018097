"""The plain mode, from events."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.visible import printable
from build_env.engines.docker.leftovers import FailedRoom
from build_env.inspect.failed import choose_failed
from build_env.model.action import LayerAction
from build_env.model.artifact import Isolation
from build_env.model.events import TaskFinished, TaskOutput, TaskStarted
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.ui.plain import PlainListener
from build_env.ui.summary import summary_lines
from build_env.ui.words import about, basis, count, duration
from tests.support.events import BUILD, DONE, FAILED, RUNS
from tests.support.golden import check_golden

if TYPE_CHECKING:
    from build_env.model.task import Task


def told(name: str, *, groups: bool = False) -> str:
    lines: list[str] = []
    listener = PlainListener(write=lines.append, groups=groups)
    for event in RUNS[name]:
        listener(event)
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("name", RUNS)
def test_runs_look_as_reviewed(name: str, *, update_golden: bool) -> None:
    check_golden(f"plain/{name}.txt", told(name), update=update_golden)


def test_groups_look_as_reviewed(*, update_golden: bool) -> None:
    check_golden("plain/github-groups.txt", told("failure", groups=True), update=update_golden)


@pytest.mark.parametrize(
    "line", ["::error file=x::no", "  ::stop-commands::t", "##[command]x", "a\r::error::x", "##vso[x]y"]
)
def test_output_is_no_command_of_githubs_runner(line: str) -> None:
    lines: list[str] = []
    listener = PlainListener(write=lines.append, groups=True)
    for event in (TaskStarted(task=BUILD), TaskOutput(task=BUILD, line=line), TaskFinished(task=BUILD, result=DONE)):
        listener(event)
    shown = [text.strip() for text in lines[1:-2]]
    assert lines[0].startswith("::group::")
    assert len(shown) == 1
    assert not shown[0].startswith("::")
    assert "\r::" not in shown[0]
    assert "##[" not in shown[0]
    assert "##vso[" not in shown[0]


def test_what_is_told_of_a_failure_is_no_command_either() -> None:
    lines: list[str] = []
    hostile = replace(FAILED, message="##vso[task.complete]\n::error::x", hint="##[error]")
    PlainListener(write=lines.append)(TaskFinished(task=BUILD, result=hostile, tail=("##vso[a]", "x\r::error::y")))
    text = "\n".join(lines)
    assert "##vso[" not in text
    assert "##[" not in text
    assert not any(line.lstrip().startswith("::") for line in text.replace("\r", "\n").split("\n"))


def test_the_output_of_a_task_waits_on_the_disk() -> None:
    listener = PlainListener(write=lambda _line: None, groups=True)
    for _ in range(40):
        listener(TaskOutput(task=BUILD, line="x" * 65_536))
    (kept,) = listener._outputs.values()
    assert kept._rolled  # type: ignore[attr-defined]  # it has left the memory
    listener(TaskFinished(task=BUILD, result=DONE))
    assert listener._outputs == {}


def test_a_hint_takes_the_place_of_the_room() -> None:
    lines: list[str] = []
    PlainListener(write=lines.append)(TaskFinished(task=BUILD, result=replace(FAILED, hint="do this")))
    assert [line for line in lines if "next" in line] == ["        next  do this"]


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("10%\r20%\r30%\r", "30%"),
        ("a\x00\x08b", "ab"),
        ("\x1b[2K\x1b[1Aup", "up"),
        ("naïve → ünïcode", "naïve → ünïcode"),
    ],
)
def test_printable(raw: str, shown: str) -> None:
    assert printable(raw) == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0s"), (3.44, "3.4s"), (59.96, "1m00s"), (67.2, "1m07s"), (3599.6, "1h00m"), (7500, "2h05m")],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "5s"), (12, "10s"), (54, "55s"), (56, "1m"), (170, "3m"), (3500, "58m"), (3599, "1h00m"), (4900, "1h20m")],
)
def test_about(seconds: float, text: str) -> None:
    assert about(seconds) == text


@pytest.mark.parametrize(
    ("recorded", "guessed", "text"),
    [(14, 3, "from 14 recorded times, 3 guesses"), (1, 0, "from 1 recorded time"), (0, 1, "from 1 guess")],
)
def test_basis(recorded: int, guessed: int, text: str) -> None:
    assert basis(recorded, guessed) == text


def test_count() -> None:
    assert [count(number, "task") for number in (0, 1, 2)] == ["0 tasks", "1 task", "2 tasks"]


def test_what_ten_thousand_packages_would_say_stays_short() -> None:
    blocked = TaskResult(status=Status.NOT_RUN, because=BUILD.name)
    tasks = [replace(BUILD, name=BUILD.name._replace(subject=f"p{number}")) for number in range(10_000)]
    results = {**{task.name: blocked for task in tasks}, BUILD.name: FAILED}
    summary = RunSummary(tasks=(BUILD, *tasks), results=results, seconds=1.0, longest_chain=1.0)
    assert sum(map(len, summary_lines(summary))) < 1000
    deployed = tuple(f"build/deploy/{task.subject}" for task in tasks)
    done = replace(summary, tasks=(BUILD,), results={BUILD.name: DONE}, deployed=deployed)
    assert summary_lines(done)[-1].strip() == "and 9950 more beside them"


def hints(task: Task, isolation: Isolation) -> list[str]:
    lines: list[str] = []
    PlainListener(write=lines.append)(TaskFinished(task=task, result=replace(FAILED, isolation=isolation)))
    return [line.split("next  ")[1] for line in lines if "next  " in line]


def test_the_room_that_is_meant_is_named_whatever_others_are_kept() -> None:
    arm64 = replace(BUILD, name=BUILD.name._replace(architecture="arm64"))
    shown = [*hints(BUILD, Isolation.FRESH), *hints(arm64, Isolation.FRESH)]
    rooms = [FailedRoom(container=str(task.name), name="", task=task.name, created=1) for task in (BUILD, arm64)]
    assert [choose_failed(rooms, hint.split()[-1]) for hint in shown] == rooms
    assert hints(arm64, Isolation.REUSED) == ["build-env shell -c --kind build --arch arm64 debian/12"]


def test_a_layer_leaves_no_room_to_look_into() -> None:
    assert BUILD.room is not None
    assert hints(replace(BUILD, action=LayerAction(room=BUILD.room)), Isolation.FRESH) == []
