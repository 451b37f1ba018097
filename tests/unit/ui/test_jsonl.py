"""JSON lines: names are a promise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from build_env.core.errors import Fault, HookError, Location
from build_env.model.events import RunFinished
from build_env.model.result import RunSummary
from build_env.ui.jsonl import JsonListener
from tests.support.events import RUNS

TASK = {"schema", "event", "task", "stage", "target", "subject", "arch", "choices"}
FIELDS = {
    "note": {"schema", "event", "text"},
    "plan": {
        "schema",
        "event",
        "target",
        "architectures",
        "targets",
        "tasks",
        "slots",
        "seconds",
        "recorded",
        "guessed",
    },
    "task-started": TASK,
    "task-output": {"schema", "event", "task", "line"},
    "task-retried": TASK | {"attempt", "message", "delay"},
    "task-waiting": TASK | {"text"},
    "task-finished": TASK
    | {
        "status",
        "seconds",
        "message",
        "hint",
        "because",
        "log",
        "environment",
        "isolation",
        "artifacts",
        "tail",
        "reasons",
    },
    "run-finished": {"schema", "event", "status", "seconds", "longest_chain", "counts", "deployed", "notes"},
}


def told(name: str) -> list[dict[str, Any]]:
    lines: list[str] = []
    listener = JsonListener(write=lines.append)
    for event in RUNS[name]:
        listener(event)
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", RUNS)
def test_every_event_has_its_fields_and_no_other(name: str) -> None:
    for event in told(name):
        assert event["schema"] == 1
        assert set(event) == FIELDS[event["event"]]


@pytest.mark.parametrize(
    ("name", "status"),
    [("success", "done"), ("nothing-to-do", "done"), ("failure", "failed"), ("interrupted", "interrupted")],
)
def test_the_end_says_how_it_went(name: str, status: str) -> None:
    assert told(name)[-1]["status"] == status


def test_a_plan_says_what_is_expected_and_what_that_rests_on() -> None:
    plan = next(event for event in told("tried-again") if event["event"] == "plan")
    assert (plan["slots"], plan["seconds"], plan["recorded"], plan["guessed"]) == (2, 160.0, 2, 1)
    assert [task["estimate"] for task in plan["tasks"]] == [
        None,
        {"seconds": 30.0, "memory": 0, "recorded": False},
        {"seconds": 130.0, "memory": 1048576, "recorded": True},
        {"seconds": 100.0, "memory": 0, "recorded": True},
    ]


def test_a_task_names_its_artifacts_and_rank() -> None:
    found = next(event for event in told("success") if event.get("status") == "done" and "artifacts" in event)
    assert found["isolation"] == "fresh"
    assert found["artifacts"] == [{"name": "greet_1.2-1_amd64.deb", "digest": "ab" * 32, "size": 4096}]


def test_a_line_is_ascii_whatever_a_task_printed() -> None:
    lines: list[str] = []
    listener = JsonListener(write=lines.append)
    for event in RUNS["failure"]:
        listener(event)
    assert all(line.isascii() and "\n" not in line for line in lines)


def test_an_error_is_the_last_event() -> None:
    lines: list[str] = []
    fault = Fault(message="wrong", location=Location(file="a.py", line=3))
    JsonListener(write=lines.append).error(HookError("cannot be used", hint="look", faults=(fault,)))
    assert json.loads(lines[0]) == {
        "schema": 1,
        "event": "error",
        "code": "hook",
        "exit_code": 2,
        "message": "cannot be used",
        "hint": "look",
        "faults": ["a.py:3: wrong"],
    }


def test_a_run_that_listed_no_task_counts_them_as_hits() -> None:
    lines: list[str] = []
    summary = RunSummary(tasks=(), results={}, seconds=0.3, longest_chain=0, up_to_date=7)
    JsonListener(write=lines.append)(RunFinished(summary=summary))
    told = json.loads(lines[0])
    assert (told["status"], told["counts"]["hit"], told["counts"]["done"]) == ("done", 7, 0)
