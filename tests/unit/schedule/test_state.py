"""Laws of the schedule, held against every order of events that hypothesis finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from build_env.model.estimate import Estimate
from build_env.model.result import Status, TaskResult
from build_env.plan.graph import order
from build_env.schedule.ready import PATIENCE
from build_env.schedule.resources import Capacity
from build_env.schedule.state import ScheduleState, longest_chain
from build_env.work.registry import rank
from tests.support.samples import A, B, C, D, named, plan_of, task

if TYPE_CHECKING:
    from build_env.model.identity import TaskName
    from build_env.model.task import Task

NAMES = tuple(map(named, "abcdefgh"))
DONE = TaskResult(status=Status.DONE, seconds=1.0)
FAILED = TaskResult(status=Status.FAILED, seconds=1.0)
STOPPED = TaskResult(status=Status.INTERRUPTED)
MEBIBYTE = 1024**2


@st.composite
def tasks(draw: st.DrawFn) -> list[Task]:
    made = []
    for index, name in enumerate(NAMES[: draw(st.integers(1, len(NAMES)))]):
        earlier = st.lists(st.sampled_from(NAMES[:index]), unique=True, max_size=3) if index else st.just([])
        made.append(task(name, *draw(earlier), after=tuple(draw(earlier))))
    return made


# In units of 1 MiB: what is not known, what shares a machine of 100, what is more than there is.
estimated = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(
        Estimate,
        seconds=st.floats(0, 100),
        memory=st.sampled_from([0, 10, 30, 60, 100, 1000]).map(lambda size: size * MEBIBYTE),
        recorded=st.booleans(),
    ),
)


class Runs(RuleBasedStateMachine):
    """A run in which tasks start and end in any order, some wait, some fail, and Ctrl-C may come."""

    @initialize(
        made=tasks(),
        keep_going=st.booleans(),
        slots=st.integers(1, 4),
        memory=st.sampled_from([0, 100 * MEBIBYTE]),
        estimates=estimated,
    )
    def begin(
        self,
        made: list[Task],
        keep_going: bool,  # noqa: FBT001 - drawn by hypothesis
        slots: int,
        memory: int,
        estimates: dict[TaskName, Estimate],
    ) -> None:
        self.tasks = {entry.name: entry for entry in made}
        self.capacity = Capacity(slots=slots, memory=memory)
        self.estimates = estimates
        self.state = ScheduleState(plan_of(*made), capacity=self.capacity, estimates=estimates, keep_going=keep_going)
        self.running: set[TaskName] = set()
        self.aside: set[TaskName] = set()
        self.ended: dict[TaskName, TaskResult] = {}
        self.stopped = False

    @rule()
    def start(self) -> None:
        chosen = self.state.next_task()
        if chosen is None:
            assert self.running or self.aside or self.state.over or self.state.stopping, "nothing runs, nothing starts"
            return
        assert chosen.name not in self.running, "twice at once"
        assert chosen.name not in self.aside, "started while it is set aside"
        assert chosen.name not in self.ended
        assert all(self.ended[entry.task].ok for entry in chosen.inputs), "started before what it needs"
        assert all(other in self.ended for other in chosen.after), "started before what it follows"
        assert not self.stopped
        self.running.add(chosen.name)

    @precondition(lambda self: self.running and not self.state.stopping)
    @rule(data=st.data())
    def set_aside(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.running)))
        self.state.set_aside(name)
        self.running.remove(name)
        self.aside.add(name)

    @precondition(lambda self: self.aside)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.aside)))
        self.state.resume(name)
        self.aside.remove(name)

    @precondition(lambda self: self.running or self.aside)
    @rule(data=st.data(), result=st.sampled_from([DONE, DONE, FAILED]))
    def end(self, data: st.DataObject, result: TaskResult) -> None:
        self.end_one(data.draw(st.sampled_from(sorted(self.running | self.aside))), result)

    def end_one(self, name: TaskName, result: TaskResult) -> None:
        self.ended[name] = STOPPED if self.stopped else result
        self.running.discard(name)
        self.aside.discard(name)
        for dropped, reason in self.state.finish(name, self.ended[name]):
            assert dropped.name not in self.ended, "ended twice"
            assert dropped.name not in self.running, "dropped while it runs"
            assert reason.status is Status.NOT_RUN
            if reason.because is not None:
                assert not self.ended[reason.because].ok, "blamed on a task that is all right"
                assert self.needs(dropped, reason.because), "blamed on a task that it does not need"
            self.ended[dropped.name] = reason
            self.aside.discard(dropped.name)

    def needs(self, task: Task, other: TaskName) -> bool:
        return any(entry.task == other or self.needs(self.tasks[entry.task], other) for entry in task.inputs)

    @precondition(lambda self: not self.stopped)
    @rule()
    def interrupt(self) -> None:
        self.stopped = True
        for dropped, reason in self.state.stop(STOPPED):
            assert dropped.name not in self.ended
            self.ended[dropped.name] = reason
        self.aside.clear()

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.state.results == self.ended
        assert self.state.running == self.running
        assert self.state.aside == self.aside
        assert self.state.over == (len(self.ended) == len(self.tasks))

    @invariant()
    def what_needs_a_failure_never_runs(self) -> None:
        for name, entry in self.tasks.items():
            needed = [self.ended[i.task] for i in entry.inputs if i.task in self.ended]
            if any(not result.ok for result in needed):
                assert name not in self.running
                assert name in self.ended

    @invariant()
    def no_more_is_used_than_there_is(self) -> None:
        assert len(self.running) <= self.capacity.slots
        used = [self.estimates[name].memory for name in self.running if name in self.estimates]
        if self.capacity.memory and sum(map(bool, used)) > 1:
            assert sum(used) <= self.capacity.memory, "a task larger than all there is runs alone"

    def teardown(self) -> None:
        """However it went so far: it can be brought to an end."""
        good = all(result.ok for result in self.ended.values())
        for _ in range(2 * len(NAMES)):
            for name in sorted(self.aside):
                self.state.resume(name)
            self.aside.clear()
            self.start()
            for name in sorted(self.running):
                self.end_one(name, DONE)
        assert self.state.over, "something waits for ever"
        if good and not self.stopped:
            assert all(result.ok for result in self.ended.values())


TestRuns = Runs.TestCase


def state_of(
    *made: Task, seconds: dict[TaskName, float] | None = None, slots: int = 1, keep_going: bool = False
) -> ScheduleState:
    """A state of tasks of known length; memory is not limited."""
    estimates = {name: Estimate(seconds=value) for name, value in (seconds or {}).items()}
    capacity = Capacity(slots=slots)
    return ScheduleState(plan_of(*made), capacity=capacity, estimates=estimates, keep_going=keep_going)


def run_all(state: ScheduleState, results: dict[TaskName, TaskResult]) -> list[TaskName]:
    """Run to the end, one task at a time; the order of the starts."""
    started = []
    while chosen := state.next_task():
        started.append(chosen.name)
        state.finish(chosen.name, results.get(chosen.name, DONE))
    return started


def test_the_longest_chain_starts_first() -> None:
    state = state_of(task(A), task(B), task(C, B), task(D, C), keep_going=False)
    assert run_all(state, {}) == [B, C, A, D]


def test_without_keep_going_nothing_starts_after_a_failure() -> None:
    state = state_of(task(A), task(B), task(C, A), keep_going=False)
    assert run_all(state, {A: FAILED}) == [A]
    assert (state.results[B].because, state.results[C].because) == (None, A)


def test_keep_going_runs_what_does_not_need_the_failure() -> None:
    state = state_of(task(A), task(B), task(C, A), task(D, C), keep_going=True)
    assert run_all(state, {A: FAILED}) == [A, B]
    assert (state.results[C].because, state.results[D].because) == (A, A)


def test_a_task_that_only_follows_a_failure_runs_when_going_on() -> None:
    state = state_of(task(A), task(B, after=(A,)), keep_going=True)
    assert run_all(state, {A: FAILED}) == [A, B]


def test_what_runs_already_may_end_after_a_failure() -> None:
    state = state_of(task(A), task(B), task(C, B), slots=2)
    first, second = state.next_task(), state.next_task()
    assert first is not None
    assert second is not None
    assert state.finish(second.name, FAILED) in ([], [])
    assert not state.over
    state.finish(first.name, DONE)
    assert state.over


def test_the_longest_chain_is_that_of_what_ran() -> None:
    plan = plan_of(task(A), task(B, A), task(C, after=(B,)))
    results = {A: DONE, B: TaskResult(status=Status.HIT, seconds=9.0), C: DONE}
    assert longest_chain(plan, results) == 2.0
    assert longest_chain(plan_of(), {}) == 0.0


def test_chains_are_measured_in_seconds_and_not_in_tasks() -> None:
    made = (task(A), task(B, A), task(C, B), task(D))
    assert run_all(state_of(*made, seconds={A: 1, B: 1, C: 1, D: 5}), {}) == [D, A, B, C]
    assert run_all(state_of(*made, seconds={A: 2, B: 2, C: 2, D: 5}), {}) == [A, D, B, C]


def sized(*made: Task, memory: int, slots: int = 4, **sizes: int) -> ScheduleState:
    """A state in which the tasks take one second and `sizes` MiB of `memory` MiB."""
    estimates = {entry.name: Estimate(seconds=1, memory=sizes.get(entry.subject, 0) * MEBIBYTE) for entry in made}
    capacity = Capacity(slots=slots, memory=memory * MEBIBYTE)
    return ScheduleState(plan_of(*made), capacity=capacity, estimates=estimates, keep_going=False)


def started(state: ScheduleState) -> str:
    """All that starts now."""
    return "".join(entry.subject for entry in iter(state.next_task, None))


def test_the_first_that_fits_starts_and_what_does_not_fit_waits() -> None:
    state = sized(task(A), task(B), task(C), memory=100, a=60, b=60, c=40)
    assert started(state) == "ac"
    state.finish(C, DONE)
    assert started(state) == ""
    state.finish(A, DONE)
    assert started(state) == "b"


def test_a_task_larger_than_all_there_is_runs_alone() -> None:
    state = sized(task(A), task(B), task(C), memory=100, a=1000, b=10, c=10)
    assert started(state) == "a"
    state.finish(A, DONE)
    assert started(state) == "bc"


def test_what_was_never_measured_takes_no_slot_from_others() -> None:
    assert started(sized(*map(task, "abcd"), memory=100)) == "abcd"
    assert started(sized(*map(task, "abcd"), memory=2048, a=1024, b=1024)) == "ab"


def test_a_large_task_is_passed_over_for_some_time_only() -> None:
    small = [f"small{number:02}" for number in range(40)]
    made = [task("first"), *map(task, small), task("large", "first"), task("last", "large")]
    sizes = {**dict.fromkeys(["first", "last", *small], 60), "large": 100}
    state = sized(*made, memory=120, slots=2, **sizes)
    starts = []
    while not state.over:
        starts += [chosen.subject for chosen in iter(state.next_task, None)]
        state.finish(min(state.running), DONE)
    assert starts[0] == "first"
    assert 2 < starts.index("large") <= PATIENCE + 3


def test_a_task_set_aside_leaves_its_slot_to_others() -> None:
    state = state_of(task(A), task(B), slots=1)
    assert started(state) == "a"
    state.set_aside(A)
    assert started(state) == "b"
    state.resume(A)
    assert started(state) == ""
    state.finish(B, DONE)
    assert started(state) == "a"


def test_what_is_set_aside_is_dropped_after_a_failure_when_nothing_runs() -> None:
    state = state_of(task(A), task(B), task(C, A), slots=2)
    assert started(state) == "ab"
    state.set_aside(A)
    dropped = state.finish(B, FAILED)
    assert {entry.name: reason.because for entry, reason in dropped} == {A: None, C: None}
    assert state.over


@pytest.mark.parametrize("shape", ["wide", "layered"])
def test_a_hundred_thousand_tasks_are_decided_upon(shape: str) -> None:
    made = [
        task(f"t{number:06}", *((f"t{number - 1000:06}",) if shape == "layered" and number >= 1000 else ()))
        for number in range(100_000)
    ]
    state = state_of(*made, slots=4, seconds={entry.name: 1.0 + index % 7 for index, entry in enumerate(made)})
    while not state.over:
        while state.next_task():
            pass
        state.finish(next(iter(state.running)), DONE)
    assert len(state.results) == len(made)


def test_a_chain_longer_than_the_stack_is_deep_is_ordered_and_dropped() -> None:
    chain = [task("t00000"), *(task(f"t{number:05}", f"t{number - 1:05}") for number in range(1, 5000))]
    ordered = order({entry.name: entry for entry in reversed(chain)}, rank)
    assert [entry.name for entry in ordered] == [entry.name for entry in chain]
    state = state_of(*chain, keep_going=True)
    first = state.next_task()
    assert first is not None
    dropped = state.finish(first.name, FAILED)
    assert len(dropped) == len(chain) - 1
    assert {result.because for _, result in dropped} == {first.name}
    assert state.over
