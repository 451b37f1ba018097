"""What is known of a plan before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.model.work import Work
from build_env.schedule.foresee import foresee
from tests.support.samples import A, B, plan_of, stored, task

if TYPE_CHECKING:
    from build_env.model.task import Task


@dataclass(frozen=True)
class Refusing:
    """Has a result for every task, and will not have `refused` done."""

    refused: str

    def work(self, task: Task, _stored: object) -> Work:
        if task.subject == self.refused:
            raise InputError("it needs what nothing names")
        return Work(task=task, key="k", inputs=())

    def find(self, _work: Work) -> object:
        return stored("k")


def test_what_must_not_be_done_is_no_hit_although_its_result_is_there() -> None:
    answers, hits = foresee(plan_of(task(A), task(B, A)), Refusing("a"))  # type: ignore[arg-type]
    assert not hits
    assert str(answers[A]) == "run (it needs what nothing names)"
    assert answers[B].after == A
