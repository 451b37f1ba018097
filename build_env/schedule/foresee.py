"""Owns the look ahead: what a run would do with each task and why, and the results it can take from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.artifact import StoredResult
from build_env.model.identity import TaskName

if TYPE_CHECKING:
    from build_env.model.task import Plan
    from build_env.ports import Executor

__all__ = ["HIT", "MAYBE", "RUN", "Answer", "Hits", "foresee", "in_words"]

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


_AS_LEFT = Answer(verdict=HIT, reason="its inputs are as a run left them")


class Hits(Mapping[TaskName, StoredResult]):
    """Stored results by task; those that are only promised are made when somebody looks at them."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._found: dict[TaskName, StoredResult | Callable[[], StoredResult]] = {}

    def add(self, task: TaskName, found: StoredResult | Callable[[], StoredResult]) -> None:
        """Take a result, or what makes it."""
        self._found[task] = found

    def __getitem__(self, task: TaskName) -> StoredResult:
        found = self._found[task]
        if not isinstance(found, StoredResult):
            found = self._found[task] = found()
        return found

    def __contains__(self, task: object) -> bool:
        return task in self._found

    def __iter__(self) -> Iterator[TaskName]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def foresee(plan: Plan, executor: Executor, known: Hits | None = None) -> tuple[dict[TaskName, Answer], Hits]:
    """The answer for each task, and the stored results of the hits: those that are `known`, and what is found.

    Of tasks that are known no key is computed, and they need not be in the plan. `why` knows of none.
    """
    answers: dict[TaskName, Answer] = {}
    hits = known if known is not None else Hits()
    tasks = {task.name: task for task in plan}
    for task in plan:
        if task.name in hits:
            answers[task.name] = _AS_LEFT
            continue
        blocked = next((entry.task for entry in task.inputs if entry.task not in hits), None)
        if blocked is not None:
            words = f"after {tasks[blocked].stage} {tasks[blocked].label}"
            answers[task.name] = Answer(verdict=MAYBE, reason=words, after=blocked)
            continue
        work = executor.work(task, hits)
        stored = executor.find(work)
        if stored is None:
            answers[task.name] = Answer(verdict=RUN, reason=executor.reason(work))
        else:
            answers[task.name] = Answer(verdict=HIT, reason=f"all {len(work.covered)} inputs are those of its result")
            hits.add(task.name, stored)
    return answers, hits


def in_words(answers: Mapping[TaskName, Answer]) -> dict[TaskName, str]:
    """The answers as listeners get them."""
    return {task: str(answer) for task, answer in answers.items()}
