"""What reports remember of a run, and how they join its listener."""

from __future__ import annotations

import errno
import tempfile
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady, InfrastructureError, UsageError
from build_env.model.events import PlanReady, RunFinished, TaskFinished, TaskStarted
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.model.task import Plan, Stage
from build_env.ui.files import check_place, write_whole
from build_env.ui.record import RunRecord
from build_env.ui.reports import reports_for, with_reports
from tests.support.runs import make_task

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.core.errors import BuildEnvError
    from build_env.model.events import Event
    from build_env.ui.reports import Report

TASK = make_task(Stage.BUILD, "greet", "amd64")
OTHER = make_task(Stage.VERIFY, "greet", "amd64", needs=[TASK])
PLAN = Plan(targets={"debian/12": ("amd64",)}, tasks=(TASK, OTHER))
END = RunFinished(summary=RunSummary(tasks=(), results={}, seconds=1.0, longest_chain=1.0))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Broken:
    """A report whose disk is full."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.errors: list[BuildEnvError] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, RunFinished):
            raise EnvironmentNotReady("no space left")

    def error(self, error: BuildEnvError) -> None:
        self.errors.append(error)


def test_what_the_first_plan_made_stays_made_when_the_second_finds_it_in_the_store() -> None:
    clock = Clock()
    record = RunRecord(clock=clock)
    plan = PlanReady(plan=PLAN, answers={})
    record.take(plan)
    record.take(TaskStarted(task=TASK))
    clock.now = 3.0
    record.take(TaskFinished(task=TASK, result=TaskResult(status=Status.DONE)))
    clock.now = 9.0
    record.take(plan)
    record.take(TaskFinished(task=TASK, result=TaskResult(status=Status.HIT)))
    assert (record.tasks[TASK.name].status, record.tasks[TASK.name].seconds) == (Status.DONE, 3.0)


def test_an_error_stops_what_runs_and_leaves_the_rest_not_run() -> None:
    clock = Clock()
    record = RunRecord(clock=clock)
    record.take(PlanReady(plan=PLAN, answers={}))
    record.take(TaskStarted(task=TASK))
    clock.now = 2.0
    record.fail(InfrastructureError("the engine is gone"))
    running, waiting = record.tasks[TASK.name], record.tasks[OTHER.name]
    assert (running.status, running.seconds, record.reason(running)) == (
        Status.INTERRUPTED,
        2.0,
        "stopped before it ended",
    )
    assert (waiting.status, record.reason(waiting)) == (Status.NOT_RUN, "not run: the run ended before")


def test_a_broken_report_keeps_nobody_else_from_the_last_event() -> None:
    seen: list[Event] = []
    broken, other = Broken(), Broken()
    reports: list[Report] = [broken, other]

    def first(event: Event) -> None:
        seen.append(event)

    with (
        pytest.raises(EnvironmentNotReady, match="no space"),
        with_reports(first, reports) as sink,
    ):
        sink(END)
    assert seen == broken.events == other.events == [END]
    assert not broken.errors


def test_reports_hear_of_the_error_that_ended_the_run() -> None:
    report = Broken()
    error = InfrastructureError("the engine is gone")
    with pytest.raises(InfrastructureError), with_reports(lambda _: None, [report]):
        raise error
    assert report.errors == [error]


def test_each_report_asked_for_is_written(tmp_path: Path) -> None:
    junit, html = tmp_path / "new" / "junit.xml", tmp_path / "report.html"
    with with_reports(lambda _: None, reports_for(junit=junit, html=html, root=tmp_path)) as sink:
        sink(PlanReady(plan=PLAN, answers={}))
        assert not junit.exists()
        sink(END)
    assert "<testsuites" in junit.read_text(encoding="utf-8")
    assert "<!doctype html>" in html.read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["junit.xml", "new", "report.html"]


def test_nothing_asked_for_is_no_report(tmp_path: Path) -> None:
    assert not reports_for(junit=None, html=None, root=tmp_path)


def test_a_directory_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--junit .*: this is a directory"):
        reports_for(junit=tmp_path, html=None, root=tmp_path)


@pytest.mark.parametrize("name", ["file/below/a.xml", "x" * 300, "nul\0byte"])
def test_names_that_cannot_be_are_wrong_use(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"--report .*: the file cannot be written"):
        check_place(tmp_path / name, "--report")
    with pytest.raises(UsageError, match="the file cannot be written"):
        write_whole(tmp_path / name, "text", "--report")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_is_the_machine_s_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> tuple[int, str]:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(EnvironmentNotReady, match="cannot be written: No space left on device"):
        check_place(tmp_path / "report.html", "--report")
    with pytest.raises(EnvironmentNotReady, match="cannot be written: No space left on device"):
        write_whole(tmp_path / "report.html", "text", "--report")


def test_a_check_leaves_the_old_file_and_a_write_replaces_it(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    check_place(path, "--report")
    assert path.read_text() == "old"
    write_whole(path, "new \udcff", "--report")
    assert path.read_bytes() == b"new ?"
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]
