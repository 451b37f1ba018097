"""The order of tasks, in simulated time: near what is possible, and no worse than first come, first served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.support.bounds import attainable_seconds
from benchmarks.support.graphs import SHAPES, dice_of, random_plan
from benchmarks.support.simulation import first_come_first_served, right_estimates, simulated
from build_env.model.identity import TaskName
from build_env.model.task import Input, Place, Task
from build_env.schedule.edges import edges_of
from build_env.schedule.priorities import chain_seconds, priorities, simulate
from tests.support.samples import A, B, C, D, E, named, plan_of, task

if TYPE_CHECKING:
    from build_env.model.task import Plan

_HAIR = 1 + 1e-9


def test_chains_are_counted_over_both_kinds_of_edges() -> None:
    edges = edges_of(plan_of(task(A), task(B, A), task(C, after=(B,)), task(D)))
    assert chain_seconds(edges, {A: 1.0, B: 2.0, C: 4.0, D: 3.0}) == {A: 7.0, B: 6.0, C: 4.0, D: 3.0}
    assert chain_seconds(edges, {B: 2.0}) == {A: 2.0, B: 2.0, C: 0.0, D: 0.0}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_is_never_longer_than_first_come_first_served(shape: str) -> None:
    for seed in range(60):
        dice = dice_of(seed)
        plan, seconds = random_plan(shape, dice.randint(1, 60), dice)
        slots = dice.choice([1, 2, 3, 4, 8])
        assert simulated(plan, right_estimates(seconds), slots) <= first_come_first_served(plan, seconds, slots) * _HAIR


@pytest.mark.parametrize("slots", [2, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_run_is_near_what_no_order_can_beat(shape: str, slots: int) -> None:
    plan, seconds = random_plan(shape, 800, dice_of(1))
    assert simulated(plan, right_estimates(seconds), slots) <= attainable_seconds(plan, seconds, slots) * 1.05


def test_where_chains_mislead_tasks_start_as_they_come() -> None:
    for seed in range(4000):
        dice = dice_of(seed)
        plan, seconds = random_plan("layered", 8, dice)
        edges = edges_of(plan)
        by_chain, _ = simulate(edges, seconds, 2, chain_seconds(edges, seconds))
        plain, starts = simulate(edges, seconds, 2)
        if by_chain > plain * 1.01:
            chosen = priorities(edges, seconds, 2)
            assert sorted(chosen, key=chosen.__getitem__, reverse=True) == starts
            assert simulated(plan, right_estimates(seconds), 2) == pytest.approx(plain)
            return
    pytest.fail("no graph in which chains mislead")


def test_the_bound_knows_that_everything_waits_for_a_join() -> None:
    plan = plan_of(task(A), task(B, A), task(C, A), task(D, B, C), task(E, D))
    seconds = dict.fromkeys(map(named, "abcde"), 2.0)
    assert attainable_seconds(plan, seconds, 1) == 10.0
    assert attainable_seconds(plan, seconds, 2) == 8.0
    wide = plan_of(*map(task, "abcd"))
    assert attainable_seconds(wide, dict.fromkeys(map(named, "abcd"), 2.0), 2) == 4.0


def test_without_any_work_there_is_an_order() -> None:
    assert priorities(edges_of(plan_of()), {}, 2) == {}
    assert priorities(edges_of(plan_of(task(A))), {}, 2) == {A: 0.0}


def test_what_finishes_a_package_follows_its_build() -> None:
    """Two packages on one slot: the first is ready for users before the second is begun."""
    plan, seconds = two_packages()
    finishing = {item.name for item in plan if item.stage in {"verify", "deploy"}}
    edges = edges_of(plan)
    _, starts = simulate(edges, seconds, 1, priorities(edges, seconds, 1, finishing))
    assert [f"{name.stage} {name.subject}" for name in starts] == [
        "image base",
        "source long",
        "layer lint",
        "build long",
        "verify long",
        "deploy long",
        "source short",
        "build short",
        "verify short",
        "deploy short",
    ]


def two_packages() -> tuple[Plan, dict[TaskName, float]]:
    """An image, a layer for what checks, and packages that take long and short."""
    image, lint = TaskName("t", "base", "image"), TaskName("t", "lint", "layer")
    tasks = [Task(name=image), needing(lint, image)]
    seconds = {image: 5.0, lint: 4.0}
    for subject, took in (("short", 10.0), ("long", 20.0)):
        source, build, verify, deploy = (
            TaskName("t", subject, stage, "amd64") for stage in ("source", "build", "verify", "deploy")
        )
        tasks += [needing(source, image), needing(build, source)]
        tasks += [needing(verify, build, lint), needing(deploy, source, build, verify)]
        seconds |= {source: 2.0, build: took, verify: 3.0, deploy: 1.0}
    return plan_of(*tasks), seconds


def needing(name: TaskName, *others: TaskName) -> Task:
    return Task(name=name, inputs=tuple(Input(task=other, place=Place.BUILD) for other in others))


@pytest.mark.parametrize("slots", [2, 4])
def test_results_that_come_early_cost_a_run_next_to_nothing(slots: int) -> None:
    for seed in range(20):
        plan, seconds = random_plan("packages", 200, dice_of(seed))
        edges = edges_of(plan)
        finishing = {item.name for item in plan if item.stage in {"verify", "deploy"}}
        late, _ = simulate(edges, seconds, slots, priorities(edges, seconds, slots))
        early, _ = simulate(edges, seconds, slots, priorities(edges, seconds, slots, finishing))
        assert early <= late * 1.01 * _HAIR
