"""What tasks are expected to take, and when a run will be over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from build_env.model.attempt import Attempt, AttemptState
from build_env.model.estimate import Estimate
from build_env.model.identity import NO_TASK, TaskName
from build_env.model.task import Stage
from build_env.schedule.edges import edges_of
from build_env.schedule.estimates import asked_of_history, estimate_tasks
from build_env.schedule.forecast import Forecast
from build_env.schedule.priorities import chain_seconds
from tests.support.samples import named, plan_of, task

ARM = task("t:greet:build:arm64")
AMD = task("t:greet:build:amd64")
OTHER = task("t:hello:build:arm64")
SOURCE = task("t:greet:source:source")


def attempts(*seconds: float, state: AttemptState = AttemptState.DONE, memory: int = 0) -> tuple[Attempt, ...]:
    return tuple(
        Attempt(id="", run="", task=NO_TASK, key="", state=state, began=0, seconds=one, peak_memory=memory)
        for one in seconds
    )


def test_a_task_takes_what_its_last_good_attempts_took() -> None:
    history = {AMD.name: (*attempts(1, 90, 3, memory=7), *attempts(500, state=AttemptState.FAILED, memory=9))}
    assert estimate_tasks(plan_of(AMD), history) == {AMD.name: Estimate(seconds=3, memory=9, recorded=True)}


def test_the_memory_of_what_failed_counts_also_when_nothing_went_well() -> None:
    history = {AMD.name: attempts(500, 600, state=AttemptState.FAILED, memory=9), ARM.name: attempts(4, memory=5)}
    assert estimate_tasks(plan_of(AMD), history)[AMD.name] == Estimate(seconds=4, memory=9)
    assert estimate_tasks(plan_of(OTHER), {OTHER.name: history[AMD.name]})[OTHER.name].memory == 9


def test_else_what_it_takes_on_another_architecture() -> None:
    history = {AMD.name: attempts(40, memory=5), OTHER.name: attempts(200)}
    assert estimate_tasks(plan_of(ARM, OTHER), history)[ARM.name] == Estimate(seconds=40, memory=5)


def test_else_what_its_stage_usually_takes() -> None:
    third = task("t:third:build:arm64")
    history = {ARM.name: attempts(10, memory=2), third.name: attempts(30, memory=4), SOURCE.name: attempts(1)}
    found = estimate_tasks(plan_of(SOURCE, ARM, third, OTHER), history)
    assert found[OTHER.name] == Estimate(seconds=20, memory=3)


def test_else_a_usual_value_and_nothing_of_it_is_recorded() -> None:
    found = estimate_tasks(plan_of(SOURCE, AMD), {SOURCE.name: attempts(9, state=AttemptState.INTERRUPTED)})
    assert found[SOURCE.name].seconds < found[AMD.name].seconds
    assert not any(entry.recorded or entry.memory for entry in found.values())


def test_every_stage_has_a_usual_value() -> None:
    for stage in Stage:
        assert estimate_tasks(plan_of(task("a", stage=stage)), {})[named("a", stage)].seconds > 0


def test_hits_take_nothing_and_are_not_asked_for() -> None:
    plan = plan_of(AMD, SOURCE)
    assert list(estimate_tasks(plan, {}, {SOURCE.name})) == [AMD.name]
    asked = asked_of_history(plan, {SOURCE.name})
    assert asked[0] == AMD.name
    assert ARM.name in asked
    assert SOURCE.name not in asked


def test_a_source_stage_has_no_siblings() -> None:
    assert asked_of_history(plan_of(SOURCE), ()) == (SOURCE.name,)


PLAN = plan_of(task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c"), task("e"), task("f", after=("e",)))
NAMES = [entry.name for entry in PLAN]


def naive(
    estimates: dict[TaskName, Estimate], left: set[TaskName], elapsed: dict[TaskName, float], slots: int
) -> float:
    """The definition: the longest remaining chain, or the remaining work over the slots."""
    seconds = {name: max(0.0, estimates[name].seconds - elapsed.get(name, 0.0)) for name in left & set(estimates)}
    return max(*chain_seconds(edges_of(PLAN), seconds).values(), sum(seconds.values()) / slots)


@given(
    estimates=st.dictionaries(
        st.sampled_from(NAMES),
        st.builds(Estimate, seconds=st.integers(0, 100).map(float), recorded=st.booleans()),
    ),
    slots=st.integers(1, 3),
    data=st.data(),
)
def test_the_time_left_is_the_longest_chain_or_the_work_over_the_slots(
    estimates: dict[TaskName, Estimate], slots: int, data: st.DataObject
) -> None:
    forecast = Forecast(PLAN, estimates, slots)
    before = {entry.name: {*(item.task for item in entry.inputs), *entry.after} for entry in PLAN}
    left, running = set(NAMES), set[TaskName]()
    while left:
        elapsed = {name: float(data.draw(st.integers(0, 120))) for name in sorted(running)}
        assert abs(forecast.seconds_left(elapsed) - naive(estimates, left, elapsed, slots)) < 1e-6
        known = [estimates[name].recorded for name in left if name in estimates]
        assert (forecast.recorded, forecast.guessed) == (sum(known), len(known) - sum(known))
        ready = sorted(name for name in left - running if before[name].isdisjoint(left))
        name = data.draw(st.sampled_from(ready + sorted(running)))
        if name not in running and data.draw(st.booleans()):
            forecast.started(name)
            running.add(name)
        elif name in running and data.draw(st.integers(0, 3)) == 0:
            forecast.put_back(name)
            running.remove(name)
        else:
            forecast.ended(name)
            running.discard(name)
            left.remove(name)
    assert forecast.seconds_left({}) == 0
