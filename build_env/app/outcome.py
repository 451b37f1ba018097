"""Owns what a run came to as the exit code of its command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.result import Status

if TYPE_CHECKING:
    from build_env.model.result import RunSummary, TaskResult

__all__ = ["exit_code"]


def exit_code(summary: RunSummary) -> int:
    """The exit code of a run: 130 interrupted, 4 the environment's fault, 1 a task failed, 0 done."""
    results: list[TaskResult] = list(summary.results.values())
    if any(result.status is Status.INTERRUPTED for result in results):
        return 130
    failed = [result for result in results if result.status is Status.FAILED]
    if failed:
        return 4 if all(result.environment for result in failed) else 1
    return 0
