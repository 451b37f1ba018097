"""The loop with an executor that is a double: it does no work, and waits only where a test lets it go on."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady, InfrastructureError, InputError, Interrupted, Location, TaskError
from build_env.model.action import DeployAction
from build_env.model.command import Deployment
from build_env.model.events import Note, RunFinished, TaskFinished, TaskOutput, TaskRetried, TaskStarted, TaskWaiting
from build_env.model.result import Status, TaskResult
from build_env.model.task import Task
from build_env.schedule import loop as loop_module
from build_env.schedule.loop import Loop
from build_env.schedule.resources import Capacity
from build_env.work.resolve import work_of
from tests.support.samples import A, B, C, D, artifact, named, plan_of, stored, task

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.events import Event
    from build_env.model.identity import TaskName
    from build_env.model.result import RunSummary
    from build_env.model.task import Plan
    from build_env.model.work import Work
    from build_env.ports import Store

    Act = Callable[[Callable[[str], None]], object]

NO_STORE: Store = None  # type: ignore[assignment]  # only layers look into the store for their key


def _nothing(_output: object) -> None:
    """Succeed."""


@dataclass
class FakeClaim:
    """A lock of one key; `released` counts."""

    lock: threading.Lock
    released: int = 0

    def close(self) -> None:
        self.released += 1
        self.lock.release()


@dataclass
class FakeExecutor:
    """The `Executor` port without rooms: `acts` says what happens for a task, by default it succeeds."""

    acts: dict[TaskName, Act] = field(default_factory=dict)
    known: dict[TaskName, StoredResult] = field(default_factory=dict)
    works: dict[TaskName, Work] = field(default_factory=dict)
    cancelled: threading.Event = field(default_factory=threading.Event)
    locks: dict[str, threading.Lock] = field(default_factory=dict)
    claims: list[FakeClaim] = field(default_factory=list)
    owners: dict[TaskName, str] = field(default_factory=dict)
    waiting: threading.Event = field(default_factory=threading.Event)
    runs: list[TaskName] = field(default_factory=list)

    def claim(self, work: Work) -> FakeClaim | None:
        lock = self.locks.setdefault(work.key, threading.Lock())
        if lock.acquire(blocking=False):
            return self._claimed(lock)
        self.waiting.set()
        return None

    def owner(self, work: Work) -> str:
        return self.owners.get(work.task.name, "")

    def _claimed(self, lock: threading.Lock) -> FakeClaim:
        self.claims.append(FakeClaim(lock))
        return self.claims[-1]

    def all_released(self) -> bool:
        """Whether each claim was given back once."""
        return all(claim.released == 1 for claim in self.claims)

    def work(self, task: Task, stored: Mapping[TaskName, StoredResult]) -> Work:
        return work_of(task, stored, NO_STORE)

    def find(self, work: Work) -> StoredResult | None:
        found = self.known.get(work.task.name)
        if isinstance(found, BaseException):
            raise found
        return found

    def reason(self, work: Work) -> str:
        return "because"

    def run(self, work: Work, output: Callable[[str], None]) -> TaskResult:
        self.works[work.task.name] = work
        self.runs.append(work.task.name)
        self.acts.get(work.task.name, _nothing)(output)
        kept = stored(work.key, artifact(f"{work.task.subject}.deb", work.task.subject))
        return TaskResult(status=Status.DONE, seconds=1.0, stored=kept)

    def cancel(self) -> None:
        self.cancelled.set()


@dataclass
class FakePublisher:
    """The `Publisher` port, as far as the loop calls it."""

    commits: int = 0
    told: list[Collection[TaskName] | None] = field(default_factory=list)

    def commit(self, _tell: Callable[[str], None], tasks: Collection[TaskName] | None = None) -> list[str]:
        self.commits += 1
        self.told.append(tasks)
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
    loop = Loop(
        plan=plan,
        executor=executor,
        sink=events.append,  # type: ignore[arg-type]  # a list names its parameter otherwise
        capacity=Capacity(slots=jobs),
        keep_going=keep_going,
        publisher=publisher,  # type: ignore[arg-type]  # the double has only what is called
    )
    summary = loop.run()
    assert executor.all_released()
    return summary, events


def statuses(summary: RunSummary) -> dict[TaskName, str]:
    return {name: result.status.value for name, result in summary.results.items()}


def test_results_of_inputs_reach_the_work_of_a_task() -> None:
    executor = FakeExecutor()
    summary, events = run(plan_of(task(A), task(B, A)), executor)
    assert statuses(summary) == {A: "done", B: "done"}
    assert [entry.artifacts[0].name for entry in executor.works[B].inputs] == ["a.deb"]
    assert executor.works[A].key != executor.works[B].key
    assert isinstance(events[-1], RunFinished)


def test_what_the_store_has_is_not_run() -> None:
    executor = FakeExecutor(known={A: stored("k", artifact("old.deb"))})
    summary, events = run(plan_of(task(A), task(B, A)), executor)
    assert statuses(summary) == {A: "hit", B: "done"}
    assert executor.works[B].inputs[0].artifacts[0].name == "old.deb"
    assert [event.task.name for event in events if isinstance(event, TaskStarted)] == [B]


def test_independent_tasks_run_at_the_same_time() -> None:
    meeting = threading.Barrier(2)
    executor = FakeExecutor(acts=dict.fromkeys(map(named, "ab"), lambda _output: meeting.wait(timeout=20)))
    assert statuses(run(plan_of(task(A), task(B)), executor)[0]) == {A: "done", B: "done"}


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
    run(plan, FakeExecutor(acts=dict.fromkeys(map(named, "abcdefgh"), act)), jobs=1)
    assert seen == [1] * 8


def test_output_is_passed_on_and_its_end_is_the_tail_of_a_failure() -> None:
    def act(output: Callable[[str], None]) -> None:
        for number in range(20):
            output(f"line {number}")
        raise TaskError("it broke", hint="mend it")

    summary, events = run(plan_of(task(A)), FakeExecutor(acts={A: act}))
    assert sum(isinstance(event, TaskOutput) for event in events) == 20
    ended = next(event for event in events if isinstance(event, TaskFinished))
    assert ended.tail == tuple(f"line {number}" for number in range(8, 20))
    assert (summary.results[A].message, summary.results[A].hint) == ("it broke", "mend it")


def test_trouble_of_the_machine_is_told_from_a_failure_of_the_package() -> None:
    acts = {A: raising(EnvironmentNotReady("no engine")), B: raising(TaskError("broken"))}
    summary, _ = run(plan_of(task(A), task(B)), FakeExecutor(acts=acts), keep_going=True)
    assert [summary.results[name].environment for name in (A, B)] == [True, False]


def test_trouble_while_looking_a_result_up_fails_the_task() -> None:
    executor = FakeExecutor(known={A: EnvironmentNotReady("no engine")})  # type: ignore[dict-item]
    assert statuses(run(plan_of(task(A), task(B, A)), executor)[0]) == {A: "failed", B: "not-run"}


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError("x"),
        RecursionError(),
        UnicodeEncodeError("utf-8", "\udcff", 0, 1, "x"),
        KeyError("k"),
        OSError(errno.ENAMETOOLONG, "x"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_defect_in_a_worker_is_the_end_of_its_task_and_of_nothing_else(error: Exception) -> None:
    executor = FakeExecutor(acts={A: raising(error)})
    summary, _ = run(plan_of(task(A), task(B), task(C, A)), executor, keep_going=True)
    assert statuses(summary) == {A: "failed", B: "done", C: "not-run"}
    assert type(error).__name__ in summary.results[A].message
    assert summary.results[A].message.endswith("[defect]")
    assert summary.exit_code == 1


@pytest.mark.parametrize("method", ["work", "find", "claim"])
def test_a_defect_in_what_is_asked_about_a_task_is_the_end_of_it_alone(method: str) -> None:
    executor = FakeExecutor()
    real = getattr(executor, method)

    def ask(about: Task | Work, *more: object) -> object:
        if (about if isinstance(about, Task) else about.task).name == A:
            raise ZeroDivisionError("x")
        return real(about, *more)

    setattr(executor, method, ask)
    summary, _ = run(plan_of(task(A), task(B)), executor, keep_going=True)
    assert statuses(summary) == {A: "failed", B: "done"}


def test_a_disk_that_is_full_is_no_defect_of_a_worker() -> None:
    executor = FakeExecutor(acts={A: raising(OSError(errno.ENOSPC, "No space left on device", "file"))})
    summary, _ = run(plan_of(task(A)), executor)
    assert summary.results[A].message == "file: No space left on device"
    assert summary.exit_code == 4


def test_a_worker_that_prints_faster_than_is_heard_waits() -> None:
    """The first line is heard only when the worker cannot go on."""
    printed: list[int] = []
    stuck = threading.Event()

    def act(output: Callable[[str], None]) -> None:
        for number in range(5000):
            printed.append(number)
            if len(printed) == loop_module._UNHEARD + 2:
                stuck.set()
            output("line")

    heard: list[int] = []

    def sink(event: Event) -> None:
        if isinstance(event, TaskOutput):
            assert stuck.wait(timeout=20)
            heard.append(len(printed) - len(heard))

    executor = FakeExecutor(acts={A: act})
    Loop(plan=plan_of(task(A)), executor=executor, sink=sink, capacity=Capacity(slots=1)).run()
    assert len(heard) == len(printed) == 5000
    assert max(heard) <= loop_module._UNHEARD + 3


def test_a_worker_that_waits_to_be_heard_does_not_outlive_the_run() -> None:
    def act(output: Callable[[str], None]) -> None:
        for _ in range(5000):
            output("line")

    def sink(event: Event) -> None:
        if isinstance(event, TaskOutput):
            raise SinkBroken

    executor = FakeExecutor(acts={A: act, B: act})
    loop = Loop(plan=plan_of(task(A), task(B)), executor=executor, sink=sink, capacity=Capacity(slots=2))
    with pytest.raises(SinkBroken):
        loop.run()
    assert workers() == []


def test_what_was_deployed_is_published_once_also_after_a_failure() -> None:
    publisher = FakePublisher()
    executor = FakeExecutor(acts={A: raising(TaskError("broken"))})
    summary, _ = run(plan_of(task(A)), executor, publisher=publisher)
    assert (publisher.commits, summary.deployed) == (1, ("a.deb",))


def deploying(name: TaskName, *needs: TaskName) -> Task:
    """A task that deploys."""
    return replace(task(name, *needs), action=DeployAction(deployment=Deployment(format="deb", suite="bookworm")))


@dataclass
class Hand:
    """A clock that is moved by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def switching(
    plan: Plan,
    executor: FakeExecutor,
    publisher: FakePublisher,
    clock: Callable[[], float],
    sink: Callable[[Event], None] = _nothing,
) -> RunSummary:
    """A run with one slot that may switch every five minutes."""
    return Loop(
        plan=plan,
        executor=executor,
        sink=sink,  # type: ignore[arg-type]  # the port names its parameter otherwise
        capacity=Capacity(slots=1),
        keep_going=True,
        publisher=publisher,  # type: ignore[arg-type]  # the double has only what is called
        publish_every=300.0,
        clock=clock,
    ).run()


def taking(clock: Hand, seconds: float) -> Act:
    """Work that takes its time."""

    def act(_output: object) -> None:
        clock.now += seconds

    return act


def notes(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


def test_what_is_whole_is_published_while_the_run_goes_on_and_not_too_often() -> None:
    clock, publisher = Hand(), FakePublisher()
    events: list[Event] = []
    took = {A: 301.0, B: 100.0, C: 250.0, D: 0.0}

    def sink(event: Event) -> None:
        events.append(event)
        clock.now += took[event.task.name] if isinstance(event, TaskFinished) else 0

    plan = plan_of(deploying(A), deploying(B, A), deploying(C, B), task(D, C))
    switching(plan, FakeExecutor(), publisher, clock, sink)
    assert publisher.told == [{A}, {A, B, C}, None]
    assert notes(events) == [
        "published 1 package before the end of the run",
        "published 3 packages before the end of the run",
    ]


def test_a_short_run_switches_once() -> None:
    publisher = FakePublisher()
    switching(plan_of(deploying(A), deploying(B, A)), FakeExecutor(), publisher, Hand())
    assert publisher.told == [None]


def test_a_switch_does_not_wait_for_the_next_task_to_end() -> None:
    clock, publisher = Hand(), FakePublisher()
    published = threading.Event()

    def commit(_tell: object, tasks: Collection[TaskName] | None = None) -> list[str]:
        publisher.told.append(tasks)
        published.set()
        return []

    def wait(_output: object) -> None:
        assert published.wait(timeout=20)

    executor = FakeExecutor(acts={A: taking(clock, 299.95), B: wait})

    def moving() -> float:
        clock.now += 0.01 if B in executor.runs else 0  # the rest of the interval passes while B is at work
        return clock.now

    publisher.commit = commit  # type: ignore[method-assign]
    switching(plan_of(deploying(A), task(B, A)), executor, publisher, moving)
    assert publisher.told == [{A}, None]


def test_what_publishing_has_to_say_is_a_note_of_the_run() -> None:
    publisher = FakePublisher()
    events: list[Event] = []

    def commit(tell: Callable[[str], None], _tasks: object = None) -> list[str]:
        tell("greet 1.0 amd64 was published with other bytes")
        return []

    publisher.commit = commit  # type: ignore[method-assign, assignment]
    switching(plan_of(deploying(A)), FakeExecutor(), publisher, Hand(), events.append)
    assert [event.text for event in events if isinstance(event, Note)] == [
        "greet 1.0 amd64 was published with other bytes"
    ]


def test_trouble_with_an_early_switch_ends_no_run() -> None:
    clock, publisher = Hand(), FakePublisher()
    events: list[Event] = []

    def commit(_tell: object, tasks: Collection[TaskName] | None = None) -> list[str]:
        publisher.told.append(tasks)
        if tasks is not None:
            raise EnvironmentNotReady("no gpg")
        return ["all"]

    publisher.commit = commit  # type: ignore[method-assign]
    executor = FakeExecutor(acts={A: taking(clock, 400)})
    summary = switching(plan_of(deploying(A), task(B, A)), executor, publisher, clock, events.append)
    assert publisher.told == [{A}, None]
    assert summary.deployed == ("all",)
    assert notes(events) == ["what is whole is not published yet: no gpg"]


def test_an_interrupted_run_publishes_what_is_whole() -> None:
    executor, publisher = FakeExecutor(), FakePublisher()

    def stop(output: Callable[[str], None]) -> None:
        output("ready")
        assert executor.cancelled.wait(timeout=20)
        raise Interrupted("stopped")

    def sink(event: Event) -> None:
        if isinstance(event, TaskOutput):
            raise KeyboardInterrupt

    executor.acts[B] = stop
    summary = switching(plan_of(deploying(A), task(B, A), deploying(C, B)), executor, publisher, Hand(), sink)
    assert statuses(summary) == {A: "done", B: "interrupted", C: "interrupted"}
    assert publisher.told == [{A}]
    assert summary.deployed == ("a.deb",)


def test_an_interrupt_kills_rooms_and_publishes_nothing_that_is_not_whole() -> None:
    executor, publisher = FakeExecutor(), FakePublisher()

    def stop(_output: object) -> None:
        assert executor.cancelled.wait(timeout=20)
        raise Interrupted("stopped")

    executor.acts[A] = stop
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, TaskStarted):
            executor.acts[A] = stop
            loop._queue.put(TaskOutput(task=event.task, line="ready"))
        if isinstance(event, TaskOutput):
            raise KeyboardInterrupt

    plan = plan_of(task(A), task(B, A), task(C, B))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=2), publisher=publisher)  # type: ignore[arg-type]
    summary = loop.run()
    assert statuses(summary) == dict.fromkeys(map(named, "abc"), "interrupted")
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
    loop = Loop(plan=plan_of(task(A), task(B, A)), executor=executor, sink=sink, capacity=Capacity(slots=2))
    summary = loop.run()
    assert seen == [when]
    assert statuses(summary) == {A: "done" if when == "finished" else "interrupted", B: "interrupted"}


class SinkBroken(Exception):
    """What a listener raises that is broken."""


def until_cancelled(executor: FakeExecutor) -> Act:
    """Work that ends only when it is cancelled."""

    def act(output: Callable[[str], None]) -> None:
        output("it runs")
        assert executor.cancelled.wait(timeout=20)
        raise Interrupted("stopped")

    return act


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name in {str(A), str(B)} and thread.is_alive()]


def test_a_listener_that_breaks_leaves_no_worker_behind() -> None:
    executor = FakeExecutor()
    executor.acts[A] = until_cancelled(executor)

    def sink(event: Event) -> None:
        if isinstance(event, TaskOutput):
            raise SinkBroken

    loop = Loop(plan=plan_of(task(A)), executor=executor, sink=sink, capacity=Capacity(slots=1))
    with pytest.raises(SinkBroken):
        loop.run()
    assert executor.cancelled.is_set()
    assert workers() == []
    assert executor.all_released()


def test_a_cancel_that_fails_does_not_hide_what_went_wrong() -> None:
    executor = FakeExecutor(acts={A: raising(SystemExit(3))})

    def cancel() -> None:
        raise InfrastructureError("the engine is gone")

    executor.cancel = cancel  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        run(plan_of(task(A)), executor)


@pytest.mark.parametrize("trouble", [InfrastructureError("the engine is gone"), KeyboardInterrupt()], ids=repr)
def test_an_interrupt_is_told_also_when_the_rooms_cannot_be_killed_at_once(trouble: BaseException) -> None:
    executor = FakeExecutor()
    executor.acts[A] = until_cancelled(executor)
    events: list[Event] = []
    calls: list[str] = []
    real = executor.cancel

    def cancel() -> None:
        assert not any(isinstance(event, TaskFinished) for event in events)
        calls.append("cancel")
        if len(calls) == 1 and isinstance(trouble, KeyboardInterrupt):
            raise trouble
        real()
        raise InfrastructureError("the engine is gone")

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, TaskOutput):
            raise KeyboardInterrupt

    executor.cancel = cancel  # type: ignore[method-assign]
    plan = plan_of(task(A), task(B, A))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=1))
    assert statuses(loop.run()) == {A: "interrupted", B: "interrupted"}
    assert isinstance(events[-1], RunFinished)
    assert len(calls) == (2 if isinstance(trouble, KeyboardInterrupt) else 1)


def test_a_worker_that_nothing_can_wake_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "_FAREWELL", 0.05)
    executor = FakeExecutor()
    never = threading.Event()

    def stuck(output: Callable[[str], None]) -> None:
        output("it runs")
        assert never.wait(timeout=25)

    executor.acts[A] = stuck

    def sink(event: Event) -> None:
        if isinstance(event, TaskOutput):
            raise KeyboardInterrupt

    loop = Loop(plan=plan_of(task(A), task(B, A)), executor=executor, sink=sink, capacity=Capacity(slots=1))
    assert statuses(loop.run()) == {A: "interrupted", B: "interrupted"}
    assert workers() == [str(A)]
    never.set()
    loop._workers[A].join()


def test_a_second_interrupt_while_the_first_is_told_is_ignored() -> None:
    executor = FakeExecutor()
    executor.acts[A] = until_cancelled(executor)
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, TaskOutput | TaskFinished) and len(events) < 5:
            raise KeyboardInterrupt

    plan = plan_of(task(A), task(B, A), task(C, A))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=1))
    assert statuses(loop.run()) == dict.fromkeys(map(named, "abc"), "interrupted")
    assert isinstance(events[-1], RunFinished)


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("trouble", "raised"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (FULL, EnvironmentNotReady), (TaskError("no key"), TaskError)],
    ids=repr,
)
def test_the_end_is_told_also_when_publishing_fails(trouble: BaseException, raised: type[BaseException]) -> None:
    class Failing(FakePublisher):
        def commit(self, _tell: Callable[[str], None], tasks: Collection[TaskName] | None = None) -> list[str]:
            raise trouble

    events: list[Event] = []
    loop = Loop(
        plan=plan_of(task(A)),
        executor=FakeExecutor(),
        sink=events.append,  # type: ignore[arg-type]  # a list names its parameter otherwise
        capacity=Capacity(slots=1),
        publisher=Failing(),  # type: ignore[arg-type]  # the double has only what is called
    )
    with pytest.raises(raised):
        loop.run()
    assert isinstance(events[-1], RunFinished)
    assert events[-1].summary.deployed == ()
    assert statuses(events[-1].summary) == {A: "done"}


def test_a_failure_names_its_place() -> None:
    error = InputError("a line is missing", location=Location(file="src/a/definition.yaml", line=3))
    summary, _ = run(plan_of(task(A)), FakeExecutor(acts={A: raising(error)}))
    assert summary.results[A].message == "src/a/definition.yaml:3: a line is missing"


@dataclass
class Clock:
    """Time that moves only when it is told to."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def failing(*errors: BaseException) -> Act:
    """Each attempt ends with the next error, those after the last one well."""
    left: Iterator[BaseException] = iter(errors)

    def act(_output: object) -> None:
        if error := next(left, None):
            raise error

    return act


def retried(executor: FakeExecutor, *, retries: int, plan: Plan | None = None) -> tuple[RunSummary, list[Event]]:
    """A run on one slot whose clock moves on to where a task is due as soon as it waits."""
    clock = Clock()
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, TaskRetried):
            clock.now += event.delay

    loop = Loop(
        plan=plan or plan_of(task(A), task(B, A)),
        executor=executor,
        sink=sink,
        capacity=Capacity(slots=1),
        retries=retries,
        clock=clock,
    )
    return loop.run(), events


def test_trouble_of_the_engine_is_tried_again_with_growing_delays() -> None:
    lost = [InfrastructureError(f"lost {number}") for number in range(3)]
    executor = FakeExecutor(acts={A: failing(*lost)})
    summary, events = retried(executor, retries=3)
    assert statuses(summary) == {A: "done", B: "done"}
    assert executor.runs == [A, A, A, A, B]
    told = [(event.attempt, event.message, event.delay) for event in events if isinstance(event, TaskRetried)]
    assert told == [(2, "lost 0", 1.0), (3, "lost 1", 4.0), (4, "lost 2", 16.0)]
    assert summary.seconds == 21.0
    assert executor.all_released()


def test_a_task_is_tried_so_many_times_and_no_more() -> None:
    executor = FakeExecutor(acts={A: raising(InfrastructureError("lost", hint="start it"))})
    summary, _ = retried(executor, retries=2)
    assert executor.runs == [A, A, A]
    assert statuses(summary) == {A: "failed", B: "not-run"}
    assert (summary.results[A].hint, summary.results[A].environment) == ("start it", True)


@pytest.mark.parametrize("error", [TaskError("broken"), EnvironmentNotReady("no image"), Interrupted("stopped")])
def test_nothing_else_is_tried_again(error: BaseException) -> None:
    executor = FakeExecutor(acts={A: raising(error)})
    retried(executor, retries=5)
    assert executor.runs == [A]


def test_while_a_task_waits_for_its_next_attempt_its_slot_is_free() -> None:
    clock = Clock()

    def sink(event: Event) -> None:
        if isinstance(event, TaskFinished) and event.task.name == B:
            clock.now = 1.0

    executor = FakeExecutor(acts={A: failing(InfrastructureError("lost"))})
    plan = plan_of(task(A), task(B))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=1), retries=1, clock=clock)
    assert statuses(loop.run()) == {A: "done", B: "done"}
    assert executor.runs == [A, B, A]


def test_an_interrupt_does_not_wait_for_the_next_attempt() -> None:
    executor = FakeExecutor(acts={A: raising(InfrastructureError("lost"))})

    def sink(event: Event) -> None:
        if isinstance(event, TaskRetried):
            loop._queue.put(TaskOutput(task=event.task, line="the loop waits now"))
        if isinstance(event, TaskOutput):
            raise KeyboardInterrupt

    plan = plan_of(task(A), task(B, A))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=1), retries=1, clock=Clock())
    assert statuses(loop.run()) == {A: "interrupted", B: "interrupted"}
    assert executor.runs == [A]
    assert executor.all_released()


def test_after_a_failure_nothing_is_tried_again() -> None:
    failed = threading.Event()

    def lose(_output: object) -> None:
        assert failed.wait(timeout=20)
        raise InfrastructureError("lost")

    def sink(event: Event) -> None:
        if isinstance(event, TaskFinished) and event.task.name == B:
            loop._queue.put(TaskOutput(task=plan.tasks[0], line="b has ended, and the state knows it"))
        if isinstance(event, TaskOutput):
            failed.set()

    executor = FakeExecutor(acts={A: lose, B: raising(TaskError("broken"))})
    plan = plan_of(task(A), task(B))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=2), retries=5, clock=Clock())
    assert statuses(loop.run()) == {A: "failed", B: "failed"}
    assert executor.runs.count(A) == 1


def same(name: TaskName) -> Task:
    """A task whose key is that of all others made so."""
    return replace(task(name), static_inputs={"name": "same"})


def claim_of(executor: FakeExecutor, work_task: Task) -> FakeClaim:
    """The claim to the task, taken by somebody else."""
    claim = executor.claim(executor.work(work_task, {}))
    assert claim is not None
    return claim


def test_what_another_run_does_is_waited_for_without_a_slot_and_adopted() -> None:
    executor = FakeExecutor()
    claim = claim_of(executor, task(A))
    events: list[Event] = []

    def sink(event: Event) -> None:
        events.append(event)
        if isinstance(event, TaskFinished) and event.task.name == B:  # it ran although a, which is first, waits
            executor.known[A] = stored("k", artifact("theirs.deb"))
            claim.close()

    plan = plan_of(task(A), task(B), task(C, A))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=1))
    assert statuses(loop.run()) == {A: "hit", B: "done", C: "done"}
    assert executor.works[C].inputs[0].artifacts[0].name == "theirs.deb"
    assert [(event.task.name, event.text) for event in events if isinstance(event, TaskWaiting)] == [
        (A, "another run does it now")
    ]
    assert executor.all_released()


def test_what_another_run_gave_up_is_done_here() -> None:
    executor = FakeExecutor()
    claim = claim_of(executor, task(A))

    def sink(event: Event) -> None:
        if isinstance(event, TaskWaiting):
            claim.close()

    loop = Loop(plan=plan_of(task(A)), executor=executor, sink=sink, capacity=Capacity(slots=1))
    assert statuses(loop.run()) == {A: "done"}
    assert executor.runs == [A]
    assert executor.all_released()


def test_a_result_that_came_between_look_and_claim_is_adopted() -> None:
    executor = FakeExecutor()
    real = executor.claim

    def claim(work: Work) -> FakeClaim | None:
        executor.known[A] = stored("k")
        return real(work)

    executor.claim = claim  # type: ignore[method-assign]
    assert statuses(run(plan_of(task(A)), executor)[0]) == {A: "hit"}
    assert executor.runs == []


def test_two_tasks_with_one_key_are_done_once() -> None:
    executor = FakeExecutor()

    def act(_output: object) -> None:
        assert executor.waiting.wait(timeout=20)
        executor.known[B] = stored("k")

    executor.acts[A] = act
    summary, events = run(plan_of(same(A), same(B)), executor)
    assert statuses(summary) == {A: "done", B: "hit"}
    assert executor.runs == [A]
    assert [event.text for event in events if isinstance(event, TaskWaiting)] == ["build a is the same"]


@pytest.mark.parametrize("error", [EnvironmentNotReady("no lock"), ZeroDivisionError("defect")])
def test_trouble_while_waiting_for_another_run_is_told(error: Exception) -> None:
    executor = FakeExecutor()
    claim = claim_of(executor, task(A))
    looks = iter([None])

    def look(_work: Work) -> None:
        for found in looks:
            return found
        raise error

    executor.claim = look  # type: ignore[method-assign,assignment]
    loop = Loop(plan=plan_of(task(A)), executor=executor, sink=lambda _: None, capacity=Capacity(slots=1))
    message = loop.run().results[A].message
    defect = "this is a defect of build-env: ZeroDivisionError: defect [defect]"
    assert message == ("no lock" if isinstance(error, EnvironmentNotReady) else defect)
    claim.close()


def test_one_thread_waits_for_all_that_others_do_and_it_is_said_who_they_are() -> None:
    names = [named(f"t{number}") for number in range(20)]
    executor = FakeExecutor(owners={names[0]: "run 1a2b (process 42)"})
    claims = {name: claim_of(executor, task(name)) for name in names}
    waiting: dict[TaskName, str] = {}
    threads: list[int] = []

    def sink(event: Event) -> None:
        if isinstance(event, TaskWaiting):
            waiting[event.task.name] = event.text
        if len(waiting) == len(names) and not threads:
            threads.append(sum(thread.name.startswith("wait") for thread in threading.enumerate()))
            for claim in claims.values():
                claim.close()

    plan = plan_of(*map(task, names))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=2))
    assert statuses(loop.run()) == dict.fromkeys(names, "done")
    assert threads == [1]
    assert waiting.pop(names[0]) == "run 1a2b (process 42) does it now"
    assert set(waiting.values()) == {"another run does it now"}
    assert executor.all_released()


def test_an_interrupt_ends_the_waiting_for_another_run() -> None:
    executor = FakeExecutor()
    claim = claim_of(executor, task(A))

    def act(output: Callable[[str], None]) -> None:
        output("it runs")
        assert executor.cancelled.wait(timeout=20)
        raise Interrupted("stopped")

    def sink(event: Event) -> None:
        if isinstance(event, TaskOutput):
            raise KeyboardInterrupt

    executor.acts[B] = act
    plan = plan_of(task(A), task(B), task(C, A))
    loop = Loop(plan=plan, executor=executor, sink=sink, capacity=Capacity(slots=1))
    assert statuses(loop.run()) == dict.fromkeys(map(named, "abc"), "interrupted")
    assert executor.waiting.is_set()
    assert not any(thread.name.startswith("wait") for thread in threading.enumerate())
    claim.close()
    assert executor.all_released()
