"""The loop with an executor that is a double: it does no work, and waits only where a test lets it go on."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady, Interrupted, TaskError
from build_env.model.events import RunFinished, TaskFinished, TaskOutput, TaskStarted
from build_env.model.result import Status, TaskResult
from build_env.schedule.loop import Loop
from build_env.schedule.work import work_of
from tests.support.samples import artifact, plan_of, stored, task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.events import Event
    from build_env.model.result import RunSummary
    from build_env.model.task import Plan, Task
    from build_env.ports import Claim, Store, Work

    Act = Callable[[Callable[[str], None]], object]

NO_STORE: Store = None  # type: ignore[assignment]  # only layers look into the store for their key


def _nothing(_output: object) -> None:
    """Succeed."""


class NoClaim:
    """A claim on nothing: in these tests nobody else is at work."""

    def release(self) -> None:
        pass


@dataclass
class FakeExecutor:
    """The `Executor` port without rooms: `acts` says what happens for a task, by default it succeeds."""

    acts: dict[str, Act] = field(default_factory=dict)
    known: dict[str, StoredResult] = field(default_factory=dict)
    works: dict[str, Work] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)

    def work(self, task: Task, stored: Mapping[str, StoredResult]) -> Work:
        return work_of(task, stored, NO_STORE)

    def find(self, work: Work) -> StoredResult | None:
        found = self.known.get(work.task.id)
        if isinstance(found, BaseException):
            raise found
        return found

    def reason(self, work: Work) -> str:
        return "because"

    def claim(self, work: Work) -> Claim | None:
        return NoClaim()

    def await_claim(self, work: Work, stop: threading.Event) -> Claim | None:
        return NoClaim()

    def run(self, work: Work, output: Callable[[str], None]) -> TaskResult:
        self.works[work.task.id] = work
        self.acts.get(work.task.id, _nothing)(output)
        kept = stored(work.key, artifact(f"{work.task.id}.deb", work.task.id))
        return TaskResult(status=Status.DONE, seconds=1.0, stored=kept)

    def cancel(self) -> None:
        self.cancelled.set()


@dataclass
class FakePublisher:
    """The `Publisher` port, as far as the loop calls it."""

    commits: int = 0

    def commit(self) -> list[str]:
        self.commits += 1
        return ["a.deb"]


def raising(error: BaseException) -> Act:
    def act(_output: object) -> None:
        raise error

    return act


def run(
    plan: Plan,
    executor: FakeExecutor,
    *,
    jobs: int = 2,
    keep_going: bool = False,
    publisher: FakePublisher | None = None,
) -> tuple[RunSummary, list[Event]]:
    events: list[Event] = []
    loop = Loop(plan=plan, executor=executor, sink=events.append, jobs=jobs, keep_going=keep_going, publisher=publisher)  # type: ignore[arg-type]  # the double has only what is called
    return loop.run(), events


def statuses(summary: RunSummary) -> dict[str, str]:
    return {name: result.status.value for name, result in summary.results.items()}


def test_results_of_inputs_reach_the_work_of_a_task() -> None:
    executor = FakeExecutor()
    summary, events = run(plan_of(task("a"), task("b", "a")), executor)
    assert statuses(summary) == {"a": "done", "b": "done"}
    assert [entry.artifacts[0].name for entry in executor.works["b"].inputs] == ["a.deb"]
    assert executor.works["a"].key != executor.works["b"].key
    assert isinstance(events[-1], RunFinished)


def test_what_the_store_has_is_not_run() -> None:
    executor = FakeExecutor(known={"a": stored("k", artifact("old.deb"))})
    summary, events = run(plan_of(task("a"), task("b", "a")), executor)
    assert statuses(summary) == {"a": "hit", "b": "done"}
    assert executor.works["b"].inputs[0].artifacts[0].name == "old.deb"
    assert [event.task.id for event in events if isinstance(event, TaskStarted)] == ["b"]


def test_independent_tasks_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2)
    executor = FakeExecutor(acts=dict.fromkeys("ab", lambda _output: meeting.wait(timeout=20)))
    assert statuses(run(plan_of(task("a"), task("b")), executor)[0]) == {"a": "done", "b": "done"}


def test_no_more_tasks_run_at_once_than_there_are_slots() -> None:
    lock, seen = threading.Lock(), []
    active = 0

    def act(_output: object) -> None:
        nonlocal active
        with lock:
            active += 1
            seen.append(active)
        with lock:
            active -= 1

    plan = plan_of(*(task(name) for name in "abcdefgh"))
    run(plan, FakeExecutor(acts=dict.fromkeys("abcdefgh", act)), jobs=1)
    assert seen == [1] * 8


def test_output_is_passed_on_and_its_end_is_the_tail_of_a_failure() -> None:
    def act(output: Callable[[str], None]) -> None:
        for number in range(20):
            output(f"line {number}")
        raise TaskError("it broke", hint="mend it")

    summary, events = run(plan_of(task("a")), FakeExecutor(acts={"a": act}))
    assert sum(isinstance(event, TaskOutput) for event in events) == 20
    ended = next(event for event in events if isinstance(event, TaskFinished))
    assert ended.tail == tuple(f"line {number}" for number in range(8, 20))
    assert (summary.results["a"].message, summary.results["a"].hint) == ("it broke", "mend it")


def test_trouble_of_the_machine_is_told_from_a_failure_of_the_package() -> None:
    acts = {"a": raising(EnvironmentNotReady("no engine")), "b": raising(TaskError("broken"))}
    summary, _ = run(plan_of(task("a"), task("b")), FakeExecutor(acts=acts), keep_going=True)
    assert [summary.results[name].environment for name in "ab"] == [True, False]


def test_trouble_while_looking_a_result_up_fails_the_task() -> None:
    executor = FakeExecutor(known={"a": EnvironmentNotReady("no engine")})  # type: ignore[dict-item]
    assert statuses(run(plan_of(task("a"), task("b", "a")), executor)[0]) == {"a": "failed", "b": "not-run"}


def test_a_defect_in_a_worker_stops_the_run_and_reaches_the_caller() -> None:
    executor = FakeExecutor(acts={"a": raising(ZeroDivisionError("defect"))})
    with pytest.raises(ZeroDivisionError):
        run(plan_of(task("a")), executor)
    assert executor.cancelled.is_set()


def test_what_was_deployed_is_published_once_also_after_a_failure() -> None:
    publisher = FakePublisher()
    executor = FakeExecutor(acts={"a": raising(TaskError("broken"))})
    summary, _ = run(plan_of(task("a")), executor, publisher=publisher)
    assert (publisher.commits, summary.deployed) == (1, ("a.deb",))


def test_an_interrupt_kills_rooms_and_publishes_nothing() -> None:
    executor, publisher = FakeExecutor(), FakePublisher()

    def stop(_output: object) -> None:
        assert executor.cancelled.wait(timeout=20)
        raise Interrupted("stopped")

    executor.acts["a"] = stop
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, TaskStarted):
            executor.acts["a"] = stop
            loop._queue.put(TaskOutput(task=event.task, line="ready"))
        if isinstance(event, TaskOutput):
            raise KeyboardInterrupt

    plan = plan_of(task("a"), task("b", "a"), task("c", "b"))
    loop = Loop(plan=plan, executor=executor, sink=sink, jobs=2, publisher=publisher)  # type: ignore[arg-type]
    summary = loop.run()
    assert statuses(summary) == dict.fromkeys("abc", "interrupted")
    assert publisher.commits == 0
    assert len([event for event in events if isinstance(event, TaskFinished)]) == 3


@pytest.mark.parametrize("when", ["find", "started", "finished"])
def test_an_interrupt_between_two_steps_does_not_wait_for_ever(when: str) -> None:
    executor = FakeExecutor()
    seen: list[str] = []

    def interrupt_once(step: str) -> None:
        if step == when and step not in seen:
            seen.append(step)
            raise KeyboardInterrupt

    def sink(event: Event) -> None:
        if isinstance(event, TaskStarted):
            interrupt_once("started")
        if isinstance(event, TaskFinished):
            interrupt_once("finished")

    def find(_work: Work) -> None:
        interrupt_once("find")

    executor.find = find  # type: ignore[method-assign,assignment]
    loop = Loop(plan=plan_of(task("a"), task("b", "a")), executor=executor, sink=sink, jobs=2)
    summary = loop.run()
    assert seen == [when]
    assert statuses(summary)["b"] == "interrupted"
    assert set(summary.results) == {"a", "b"}
