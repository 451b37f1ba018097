"""Owns the loop of a run: threads do tasks, one queue brings back what happened, the main thread decides.

No asyncio. Signals reach the main thread only; a worker is unblocked by cancelling its room.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, EnvironmentNotReady, InfrastructureError, Interrupted
from build_env.core.expected import as_expected
from build_env.core.interrupts import uninterrupted
from build_env.model.events import RunFinished, TaskFinished, TaskOutput, TaskStarted
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.schedule.excerpt import Excerpt, ExcerptBuilder
from build_env.schedule.publishing import Publishing
from build_env.schedule.retries import Retries
from build_env.schedule.sharing import Claimed, Sharing
from build_env.schedule.state import ScheduleState, longest_chain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.estimate import Estimate
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan, Task
    from build_env.model.work import Work
    from build_env.ports import EventSink, Executor, Publisher
    from build_env.schedule.resources import Capacity

__all__ = ["Loop"]

_PATIENCE = 0.1  # seconds between looks for workers that an interrupt kept from starting or from being heard
_UNHEARD = 256  # lines that wait for the main thread
_REPORT = "read the log of the task, and report what it says at its end"
_FAREWELL = 7.0  # seconds that cancelled workers have to end; what engines need for it is less


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """`again`: what failed may succeed when it is tried again."""

    task: Task
    result: TaskResult
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class _Quit:
    error: BaseException


_Message = _Ended | _Quit | Claimed | TaskOutput


@dataclass
class Loop:
    """One run of one plan; `began` is when the command began on the `clock`, if that was earlier.

    `retries` is how often a task is tried again when the engine or the network failed; `publish_every` the least number
    of seconds between two switches of what is published while the run goes on, 0: only at its end.
    """

    plan: Plan
    executor: Executor
    sink: EventSink
    capacity: Capacity
    keep_going: bool = False
    publisher: Publisher | None = None
    began: float = 0
    hits: Mapping[TaskName, StoredResult] = field(default_factory=dict)
    estimates: Mapping[TaskName, Estimate] = field(default_factory=dict)
    retries: int = 0
    publish_every: float = 0.0
    clock: Callable[[], float] = time.monotonic
    _queue: queue.SimpleQueue[_Message] = field(default_factory=queue.SimpleQueue)
    _excerpts: dict[TaskName, ExcerptBuilder] = field(default_factory=dict)
    _workers: dict[TaskName, threading.Thread] = field(default_factory=dict)
    _unheard: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_UNHEARD))
    _deaf: bool = False  # nobody takes what is told any more

    def __post_init__(self) -> None:
        """Nothing is claimed and nothing was tried yet."""
        self._sharing = Sharing(executor=self.executor, tell=self._queue.put)
        self._retries = Retries(most=self.retries, clock=self.clock)
        self._publishing = Publishing(
            plan=self.plan, publisher=self.publisher, sink=self.sink, clock=self.clock, every=self.publish_every
        )

    def run(self) -> RunSummary:
        """Run the plan to its end; an interrupt ends it early and is told by the results.

        Whatever else is raised on the way leaves no worker and no room behind.
        """
        began = self.began or self.clock()
        state = ScheduleState(self.plan, capacity=self.capacity, estimates=self.estimates, keep_going=self.keep_going)
        try:
            self._work_off(state)
        except BaseException:
            self._abandon()
            raise
        finally:
            self._sharing.close()
        return self._finish(state, began)

    def _work_off(self, state: ScheduleState) -> None:
        """Do tasks until every one has ended."""
        try:
            while not state.over:
                self._start_ready(state)
                if state.running or state.aside:
                    self._publishing.publish_whole(state.results)
                    self._wait(state)
        except KeyboardInterrupt:
            self._interrupt(state)

    def _finish(self, state: ScheduleState, began: float) -> RunSummary:
        """Publish, and tell how the run ended, also when publishing did not come to its end."""
        deployed: tuple[str, ...] = ()
        try:
            interrupted = any(result.status is Status.INTERRUPTED for result in state.results.values())
            deployed = self._publishing.finish(state.results, interrupted=interrupted)
        finally:
            summary = RunSummary(
                tasks=self.plan.tasks,
                results=state.results,
                seconds=self.clock() - began,
                longest_chain=longest_chain(self.plan, state.results),
                deployed=deployed,
            )
            self.sink(RunFinished(summary=summary))
        return summary

    def _start_ready(self, state: ScheduleState) -> None:
        """Start what there are tokens for; what the store has gives its own back at once."""
        for task_id in self._retries.due():
            if task_id in state.aside:
                state.resume(task_id)
        while task := state.next_task():
            try:
                self._start(task, state)
            except BuildEnvError as error:
                self._end(task, _failure(error), state)

    def _start(self, task: Task, state: ScheduleState) -> None:
        """Take the result from the store, set the task aside if somebody else does it, or begin its work."""
        if hit := self.hits.get(task.name):
            self._end(task, TaskResult(status=Status.HIT, stored=hit), state)
            return
        with _asked():
            work = self._work(task, state)
        if not self._sharing.holds(task):
            with _asked():
                stored = self.executor.find(work)
                free = stored is not None or self._sharing.claim(work)
                # It may have been finished between the look and the claim.
                stored = stored or (self.executor.find(work) if free else None)
            if not free:
                state.set_aside(task.name)
                with _asked():
                    event = self._sharing.wait(work)
                self.sink(event)
                return
            if stored is not None:
                self._end(task, TaskResult(status=Status.HIT, stored=stored), state)
                return
        self.sink(TaskStarted(task=task, covered=work.covered))
        self._excerpts[task.name] = ExcerptBuilder()
        self._workers[task.name] = threading.Thread(target=self._do, args=(work,), name=str(task.name), daemon=True)
        self._workers[task.name].start()

    def _work(self, task: Task, state: ScheduleState) -> Work:
        stored = {entry.task: state.results[entry.task].stored for entry in task.inputs}
        return self.executor.work(task, {name: result for name, result in stored.items() if result is not None})

    def _do(self, work: Work) -> None:
        """A worker thread: one task."""
        began = self.clock()
        again = False
        try:
            result = self.executor.run(work, lambda line: self._tell(TaskOutput(task=work.task, line=line)))
        except Interrupted:
            result = TaskResult(status=Status.INTERRUPTED, seconds=self.clock() - began)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is about one task: the others go on
            result = _failure(as_expected(error, _REPORT), seconds=self.clock() - began)
            again = isinstance(error, InfrastructureError)
        except BaseException as error:  # noqa: BLE001 - somebody wants the process to end: the main thread does
            self._queue.put(_Quit(error=error))
            return
        self._queue.put(_Ended(task=work.task, result=result, again=again))

    def _tell(self, event: TaskOutput) -> None:
        """Tell the main thread; a worker that prints faster than it hears waits, so that nothing piles up."""
        self._unheard.acquire()
        if self._deaf:
            self._unheard.release()  # for the next one that waits
        else:
            self._queue.put(event)

    def _wait(self, state: ScheduleState) -> None:
        """Take note of the next thing that happens; return also when a task is due to be tried again, or a switch."""
        waits = [wait for wait in (self._retries.patience(), self._publishing.patience()) if wait is not None]
        try:
            message = self._queue.get(timeout=min(waits, default=None))
        except queue.Empty:
            return
        self._handle(message, state)

    def _handle(self, message: _Message, state: ScheduleState) -> None:
        match message:
            case TaskOutput(task=task, line=line):
                self._unheard.release()
                self._excerpts[task.name].take(line)
                self.sink(message)
            case Claimed():
                self._take_over(message, state)
            case _Ended(task=task, result=result, again=again):
                if again and not state.stopping and (event := self._retries.again(task, result.message)):
                    state.set_aside(task.name)
                    self.sink(event)
                else:
                    self._end(task, result, state)
            case _Quit(error=error):
                raise error

    def _take_over(self, message: Claimed, state: ScheduleState) -> None:
        """Nobody else does the task any more: adopt the result, else let it start."""
        task = message.work.task
        if task.name not in state.aside:
            self._sharing.release(task)
            return
        try:
            with _asked():
                if message.error is not None:
                    raise message.error
                stored = self.executor.find(message.work)
        except BuildEnvError as error:
            self._end(task, _failure(error), state)
            return
        if stored is None:
            state.resume(task.name)
        else:
            self._end(task, TaskResult(status=Status.HIT, stored=stored), state)

    def _end(self, task: Task, result: TaskResult, state: ScheduleState) -> None:
        told = self._excerpts.pop(task.name, None)
        excerpt = told.result() if told and result.status is Status.FAILED else Excerpt()
        with uninterrupted():  # noted before it is told: what was told as done is done, whenever the interrupt comes
            dropped = state.finish(task.name, result)
            if task.deployment and result.status is Status.DONE:
                self._publishing.deployed()
        self.sink(TaskFinished(task=task, result=result, tail=excerpt.lines, reasons=excerpt.reasons))
        self._sharing.release(task)
        for other, its_result in dropped:
            self._sharing.release(other)
            self.sink(TaskFinished(task=other, result=its_result))

    def _interrupt(self, state: ScheduleState) -> None:
        """Let nothing start, kill the rooms, say of what waits that it will not run, wait for the workers."""
        stopped = TaskResult(status=Status.INTERRUPTED)
        dropped = deque(state.stop(stopped))
        deadline = time.monotonic() + _FAREWELL
        self._cancel()
        while dropped or state.running:
            try:
                while dropped:
                    task, result = dropped.popleft()
                    self.sink(TaskFinished(task=task, result=result))
                self._handle(self._queue.get(timeout=_PATIENCE), state)
            except queue.Empty:
                # A worker that is overdue hangs somewhere: a daemon, which goes with the process.
                for task in self._lost(state, overdue=time.monotonic() > deadline):
                    self._end(task, stopped, state)
            except KeyboardInterrupt:  # a second Ctrl-C: rooms are being removed already
                continue

    def _cancel(self) -> None:
        """Kill the rooms, whatever comes up: an engine that is gone has none, a second Ctrl-C must not spare some."""
        while True:
            try:
                with contextlib.suppress(Exception):
                    self.executor.cancel()
            except KeyboardInterrupt:
                continue
            return

    def _abandon(self) -> None:
        """Kill the rooms and wait for the workers, not for ever: nobody hears them any more."""
        deadline = time.monotonic() + _FAREWELL
        self._deaf = True
        self._unheard.release()
        self._cancel()
        for worker in [worker for worker in self._workers.values() if worker.is_alive()]:
            worker.join(timeout=max(0.0, deadline - time.monotonic()))

    def _lost(self, state: ScheduleState, *, overdue: bool) -> list[Task]:
        """The running tasks that nobody will speak of: the interrupt came before the start or after the word.

        Those that are `overdue` may still speak, but are not waited for any longer.
        """
        at_work = {name for name, worker in self._workers.items() if worker.is_alive() and not overdue}
        silent = [task for task in self.plan if task.name in state.running and task.name not in at_work]
        # Asked last: a worker that ended since then has put its word into the queue before.
        return silent if self._queue.empty() else []


@contextlib.contextmanager
def _asked() -> Iterator[None]:
    """Let what the executor raises when it is asked about one task be the end of that task, not of the run."""
    try:
        yield
    except Exception as error:
        raise as_expected(error, _REPORT) from error


def _failure(error: BuildEnvError, *, seconds: float = 0.0) -> TaskResult:
    return TaskResult(
        status=Status.FAILED,
        seconds=seconds,
        message=error.in_one_line,
        hint=error.hint,
        environment=isinstance(error, EnvironmentNotReady),
    )
