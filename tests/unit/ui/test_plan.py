"""How a plan is listed."""

from __future__ import annotations

from build_env.model.task import Plan, Stage, Task
from build_env.ui.plan import plan_lines

_PLAN = Plan(
    target="t/1",
    architectures=("amd64",),
    tasks=tuple(Task(id=name, stage=Stage.BUILD, target="t/1", subject=name, arch="amd64") for name in ("a", "b")),
)
_ANSWERS = {"a": "hit", "b": "run (because)"}


def test_what_is_up_to_date_is_counted() -> None:
    assert plan_lines(_PLAN, _ANSWERS, commands=False, hits=False) == [
        "plan    2 tasks for t/1 on amd64: 1 to run",
        "  build    b amd64                     run (because)",
        "        1 task up to date (shown by build-env plan --all)",
    ]


def test_all_are_listed_when_asked() -> None:
    assert plan_lines(_PLAN, _ANSWERS, commands=False, hits=True) == [
        "plan    2 tasks for t/1 on amd64: 1 to run",
        "  build    a amd64                     hit",
        "  build    b amd64                     run (because)",
    ]


def test_a_plan_with_nothing_to_do_is_one_line() -> None:
    answers = dict.fromkeys(_ANSWERS, "hit")
    assert plan_lines(_PLAN, answers, commands=True, hits=False) == ["plan    2 tasks for t/1 on amd64: all up to date"]
