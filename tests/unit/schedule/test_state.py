"""Laws of the schedule, held against every order of events that hypothesis finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from build_env.model.result import Status, TaskResult
from build_env.plan.graph import order
from build_env.schedule.state import ScheduleState, chain_lengths, longest_chain
from tests.support.samples import plan_of, task

if TYPE_CHECKING:
    from build_env.model.task import Task

NAMES = tuple("abcdefgh")
DONE = TaskResult(status=Status.DONE, seconds=1.0)
FAILED = TaskResult(status=Status.FAILED, seconds=1.0)
STOPPED = TaskResult(status=Status.INTERRUPTED)


@st.composite
def tasks(draw: st.DrawFn) -> list[Task]:
    made = []
    for index, name in enumerate(NAMES[: draw(st.integers(1, len(NAMES)))]):
        earlier = st.lists(st.sampled_from(NAMES[:index]), unique=True, max_size=3) if index else st.just([])
        made.append(task(name, *draw(earlier), after=tuple(draw(earlier))))
    return made


class Runs(RuleBasedStateMachine):
    """A run in which tasks start and end in any order, some fail, and Ctrl-C may come."""

    @initialize(made=tasks(), keep_going=st.booleans())
    def begin(self, made: list[Task], keep_going: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
        self.tasks = {entry.id: entry for entry in made}
        self.state = ScheduleState(plan_of(*made), keep_going=keep_going)
        self.keep_going = keep_going
        self.started: list[str] = []
        self.ended: dict[str, TaskResult] = {}
        self.stopped = False

    @rule()
    def start(self) -> None:
        chosen = self.state.next_task()
        if chosen is None:
            return
        assert chosen.id not in self.started, "started twice"
        assert chosen.id not in self.ended
        assert all(self.ended[entry.task].ok for entry in chosen.inputs), "started before what it needs"
        assert all(other in self.ended for other in chosen.after), "started before what it follows"
        assert not self.stopped
        self.started.append(chosen.id)

    @precondition(lambda self: self.state.running)
    @rule(data=st.data(), result=st.sampled_from([DONE, DONE, FAILED]))
    def end(self, data: st.DataObject, result: TaskResult) -> None:
        name = data.draw(st.sampled_from(sorted(self.state.running)))
        self.ended[name] = STOPPED if self.stopped else result
        for dropped, reason in self.state.finish(name, self.ended[name]):
            assert dropped.id not in self.ended, "ended twice"
            assert reason.status is Status.NOT_RUN
            assert not self.ended[reason.because].ok, "blamed on a task that is all right"
            self.ended[dropped.id] = reason

    @precondition(lambda self: not self.stopped)
    @rule()
    def interrupt(self) -> None:
        self.stopped = True
        for dropped, reason in self.state.stop(STOPPED):
            assert dropped.id not in self.ended
            self.ended[dropped.id] = reason

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.state.results == self.ended
        assert self.state.running == set(self.started) - set(self.ended)
        assert self.state.over == (len(self.ended) == len(self.tasks))

    @invariant()
    def what_needs_a_failure_never_runs(self) -> None:
        for name, entry in self.tasks.items():
            needed = [self.ended[i.task] for i in entry.inputs if i.task in self.ended]
            if any(not result.ok for result in needed):
                assert name not in self.started
                assert name in self.ended

    def teardown(self) -> None:
        """However it went so far: it can be brought to an end."""
        for _ in range(2 * len(NAMES)):
            self.start()
            for name in sorted(self.state.running):
                self.ended[name] = STOPPED if self.stopped else DONE
                self.ended.update((entry.id, reason) for entry, reason in self.state.finish(name, self.ended[name]))
        assert self.state.over, "something waits for ever"
        failed = [result for result in self.ended.values() if result.status is Status.FAILED]
        if not failed and not self.stopped:
            assert all(result.ok for result in self.ended.values())


TestRuns = Runs.TestCase


def run_all(state: ScheduleState, results: dict[str, TaskResult]) -> list[str]:
    """Run to the end, one task at a time; the order of the starts."""
    started = []
    while chosen := state.next_task():
        started.append(chosen.id)
        state.finish(chosen.id, results.get(chosen.id, DONE))
    return started


def test_the_longest_chain_starts_first() -> None:
    state = ScheduleState(plan_of(task("a"), task("b"), task("c", "b"), task("d", "c")), keep_going=False)
    assert run_all(state, {}) == ["b", "c", "a", "d"]


def test_without_keep_going_nothing_starts_after_a_failure() -> None:
    state = ScheduleState(plan_of(task("a"), task("b"), task("c", "a")), keep_going=False)
    assert run_all(state, {"a": FAILED}) == ["a"]
    assert (state.results["b"].because, state.results["c"].because) == ("a", "a")


def test_keep_going_runs_what_does_not_need_the_failure() -> None:
    state = ScheduleState(plan_of(task("a"), task("b"), task("c", "a"), task("d", "c")), keep_going=True)
    assert run_all(state, {"a": FAILED}) == ["a", "b"]
    assert (state.results["c"].because, state.results["d"].because) == ("a", "a")


def test_a_task_that_only_follows_a_failure_runs_when_going_on() -> None:
    state = ScheduleState(plan_of(task("a"), task("b", after=("a",))), keep_going=True)
    assert run_all(state, {"a": FAILED}) == ["a", "b"]


def test_what_runs_already_may_end_after_a_failure() -> None:
    state = ScheduleState(plan_of(task("a"), task("b"), task("c", "b")), keep_going=False)
    first, second = state.next_task(), state.next_task()
    assert first is not None
    assert second is not None
    assert state.finish(second.id, FAILED) in ([], [])
    assert not state.over
    state.finish(first.id, DONE)
    assert state.over


def test_chains_are_counted_over_both_kinds_of_edges() -> None:
    plan = plan_of(task("a"), task("b", "a"), task("c", after=("b",)))
    assert chain_lengths(plan) == {"a": 3, "b": 2, "c": 1}
    results = {"a": DONE, "b": TaskResult(status=Status.HIT, seconds=9.0), "c": DONE}
    assert longest_chain(plan, results) == 2.0
    assert longest_chain(plan_of(), {}) == 0.0


def test_a_chain_longer_than_the_stack_is_deep_is_ordered_and_dropped() -> None:
    chain = [task("t00000"), *(task(f"t{number:05}", f"t{number - 1:05}") for number in range(1, 5000))]
    ordered = order({entry.id: entry for entry in reversed(chain)})
    assert [entry.id for entry in ordered] == [entry.id for entry in chain]
    state = ScheduleState(plan_of(*chain), keep_going=True)
    first = state.next_task()
    assert first is not None
    dropped = state.finish(first.id, FAILED)
    assert len(dropped) == len(chain) - 1
    assert {result.because for _, result in dropped} == {first.id}
    assert state.over
