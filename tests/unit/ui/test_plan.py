"""How a plan is listed."""

from __future__ import annotations

from build_env.model.identity import TaskName
from build_env.model.task import Plan, Stage, Task
from build_env.ui.plan import plan_lines

_A, _B = (TaskName("t/1", name, Stage.BUILD, "amd64") for name in "ab")
_PLAN = Plan(
    targets={"t/1": ("amd64",)},
    tasks=(Task(name=_A), Task(name=_B)),
)
_ANSWERS = {_A: "hit", _B: "run (because)"}


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
