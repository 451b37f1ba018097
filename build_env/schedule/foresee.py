"""Owns the look ahead: what a run would do with each task and why, and the results it can take from the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.collecting import without_collecting
from build_env.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan
    from build_env.ports import Executor

__all__ = ["HIT", "MAYBE", "RUN", "Answer", "foresee", "in_words"]

HIT = "hit"
RUN = "run"
MAYBE = "maybe"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a run would do with one task: `verdict` is hit, run or maybe; `after` names the task that decides."""

    verdict: str
    reason: str = ""
    after: TaskName | None = None

    def __str__(self) -> str:
        """`hit`, `run (reason)`, `maybe (after X)`."""
        return f"{self.verdict} ({self.reason})" if self.reason and self.verdict != HIT else self.verdict


@without_collecting()
def foresee(plan: Plan, executor: Executor) -> tuple[dict[TaskName, Answer], dict[TaskName, StoredResult]]:
    """The answer for each task, and the stored results of the hits."""
    answers: dict[TaskName, Answer] = {}
    hits: dict[TaskName, StoredResult] = {}
    tasks = {task.name: task for task in plan}
    for task in plan:
        blocked = next((entry.task for entry in task.inputs if entry.task not in hits), None)
        if blocked is not None:
            words = f"after {tasks[blocked].stage} {tasks[blocked].label}"
            answers[task.name] = Answer(verdict=MAYBE, reason=words, after=blocked)
            continue
        try:
            work = executor.work(task, hits)
        except InputError as error:
            answers[task.name] = Answer(verdict=RUN, reason=error.message)  # the run tells it as the task's failure
            continue
        stored = executor.find(work)
        if stored is None:
            answers[task.name] = Answer(verdict=RUN, reason=executor.reason(work))
        else:
            answers[task.name] = Answer(verdict=HIT, reason=f"all {len(work.covered)} inputs are those of its result")
            hits[task.name] = stored
    return answers, hits


def in_words(answers: Mapping[TaskName, Answer]) -> dict[TaskName, str]:
    """The answers as listeners get them."""
    return {task: str(answer) for task, answer in answers.items()}
