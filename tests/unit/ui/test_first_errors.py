"""The lines that say why a task failed, in each place that tells of it: terminal, JSON, JUnit, the page."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.model.events import PlanReady, TaskFinished, TaskStarted
from build_env.model.task import Plan
from build_env.schedule.excerpt import ExcerptBuilder
from build_env.ui.jsonl import JsonListener
from build_env.ui.junit import junit_xml
from build_env.ui.plain import PlainListener
from build_env.ui.record import RunRecord
from build_env.ui.report.page import render_page
from tests.support.events import BUILD, FAILED

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.events import Event

TASK = replace(BUILD, inputs=())
LOG = Path(__file__).parents[2] / "broken/debhelper-build.log"


@pytest.fixture
def events() -> list[Event]:
    """A build that fails early and prints much after that."""
    told = ExcerptBuilder()
    for line in [*LOG.read_text(encoding="utf-8").splitlines(), *(f"cleaning up {number}" for number in range(300))]:
        told.take(line)
    excerpt = told.result()
    plan = Plan(targets={TASK.target: ("amd64",)}, tasks=(TASK,))
    finished = TaskFinished(task=TASK, result=FAILED, tail=excerpt.lines, reasons=excerpt.reasons)
    return [PlanReady(plan=plan, answers={TASK.name: "run (new)"}), TaskStarted(task=TASK), finished]


def plain(events: list[Event], _root: Path) -> str:
    lines: list[str] = []
    listener = PlainListener(write=lines.append)
    for event in events:
        listener(event)
    return "\n".join(lines)


def as_json(events: list[Event], _root: Path) -> str:
    lines: list[str] = []
    listener = JsonListener(write=lines.append)
    for event in events:
        listener(event)
    reason = json.loads(lines[-1])["reasons"][0]
    assert (reason["file"], reason["line"]) == ("greet.c", 1)
    return "\n".join(json.loads(lines[-1])["tail"])


def recorded(events: list[Event]) -> RunRecord:
    record = RunRecord(clock=lambda: 0.0)
    for event in events:
        record.take(event)
    return record


def junit(events: list[Event], _root: Path) -> str:
    return unescape(junit_xml(recorded(events)))


def page(events: list[Event], root: Path) -> str:
    return unescape(render_page(recorded(events), root=root, when="today"))


@pytest.mark.parametrize("told", [plain, as_json, junit, page])
def test_the_first_error_is_told_and_then_the_end(
    events: list[Event], tmp_path: Path, told: Callable[[list[Event], Path], str]
) -> None:
    text = told(events, tmp_path)
    first, cut, last = text.find("greet.c:1:25: error: "), text.find(" lines left out]"), text.find("cleaning up 299")
    assert -1 < first < cut < last
    assert "cleaning up 100" not in text
