"""The last lines of a run."""

from __future__ import annotations

from build_env.model.result import RunSummary, Status, TaskResult
from build_env.ui.summary import summary_lines
from tests.support.samples import A, B, C, D, task

_FAILED = TaskResult(status=Status.FAILED)
_NOT_BEGUN = TaskResult(status=Status.NOT_RUN)


def test_what_needs_a_failure_is_told_apart_from_what_was_only_not_begun() -> None:
    tasks = (task(A), task(B, A), task(C), task(D))
    blocked = TaskResult(status=Status.NOT_RUN, because=A)
    summary = RunSummary(
        tasks=tasks, results={A: _FAILED, B: blocked, C: _NOT_BEGUN, D: _NOT_BEGUN}, seconds=1.0, longest_chain=1.0
    )
    assert summary_lines(summary) == [
        "failed  1 task failed, 1 not run because of it",
        "        not run because of build a: build b",
        "        2 tasks not begun that need nothing that failed; with --keep-going a run goes on",
    ]


def test_one_that_was_not_begun() -> None:
    summary = RunSummary(tasks=(task(A), task(C)), results={A: _FAILED, C: _NOT_BEGUN}, seconds=1.0, longest_chain=1.0)
    assert summary_lines(summary)[1:] == [
        "        1 task not begun that needs nothing that failed; with --keep-going a run goes on"
    ]
