"""Owns the look ahead: what a run would do with each task and why, and the results it can take from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.artifact import StoredResult

if TYPE_CHECKING:
    from build_env.model.task import Plan
    from build_env.ports import Executor

__all__ = ["HIT", "MAYBE", "RUN", "Answer", "Hits", "foresee", "in_words"]

HIT = "hit"
RUN = "run"
MAYBE = "maybe"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a run would do with one task: `verdict` is hit, run or maybe; `after` is the id of the task that decides."""

    verdict: str
    reason: str = ""
    after: str = ""

    def __str__(self) -> str:
        """`hit`, `run (reason)`, `maybe (after X)`."""
        return f"{self.verdict} ({self.reason})" if self.reason and self.verdict != HIT else self.verdict


_AS_LEFT = Answer(verdict=HIT, reason="its inputs are as a run left them")


class Hits(Mapping[str, StoredResult]):
    """Stored results by task id; those that are only promised are made when somebody looks at them."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._found: dict[str, StoredResult | Callable[[], StoredResult]] = {}

    def add(self, task: str, found: StoredResult | Callable[[], StoredResult]) -> None:
        """Take a result, or what makes it."""
        self._found[task] = found

    def __getitem__(self, task: str) -> StoredResult:
        found = self._found[task]
        if not isinstance(found, StoredResult):
            found = self._found[task] = found()
        return found

    def __contains__(self, task: object) -> bool:
        return task in self._found

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def foresee(plan: Plan, executor: Executor, known: Hits | None = None) -> tuple[dict[str, Answer], Hits]:
    """The answer for each task, and the stored results of the hits: those that are `known`, and what is found.

    Of tasks that are known no key is computed, and they need not be in the plan. `why` knows of none.
    """
    answers: dict[str, Answer] = {}
    hits = known if known is not None else Hits()
    tasks = {task.id: task for task in plan}
    for task in plan:
        if task.id in hits:
            answers[task.id] = _AS_LEFT
            continue
        blocked = next((entry.task for entry in task.inputs if entry.task not in hits), "")
        if blocked:
            words = f"after {tasks[blocked].stage.value} {tasks[blocked].label}"
            answers[task.id] = Answer(verdict=MAYBE, reason=words, after=blocked)
            continue
        work = executor.work(task, hits)
        stored = executor.find(work)
        if stored is None:
            answers[task.id] = Answer(verdict=RUN, reason=executor.reason(work))
        else:
            answers[task.id] = Answer(verdict=HIT, reason=f"all {len(work.covered)} inputs are those of its result")
            hits.add(task.id, stored)
    return answers, hits


def in_words(answers: Mapping[str, Answer]) -> dict[str, str]:
    """The answers as listeners get them."""
    return {task: str(answer) for task, answer in answers.items()}
