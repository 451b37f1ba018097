"""Owns the loop of a run: threads do tasks, one queue brings back what happened, the main thread decides.

No asyncio. Signals reach the main thread only; a worker is unblocked by cancelling its room.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, Interrupted
from build_env.model.events import RunFinished, TaskFinished, TaskOutput, TaskStarted
from build_env.model.result import RunSummary, Status, TaskResult
from build_env.schedule.state import ScheduleState, longest_chain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.artifact import StoredResult
    from build_env.model.events import Event
    from build_env.model.task import Plan, Task
    from build_env.ports import EventSink, Executor, Publisher, Work

__all__ = ["Loop"]

_TAIL = 12
_PATIENCE = 0.1  # seconds between looks for workers that an interrupt kept from starting or from being heard


@dataclass(frozen=True, kw_only=True)
class _Ended:
    task: Task
    result: TaskResult
    defect: BaseException | None = None


@dataclass
class Loop:
    """One run of one plan; `began` is when the command began on the monotonic clock, if that was earlier."""

    plan: Plan
    executor: Executor
    sink: EventSink
    jobs: int
    keep_going: bool = False
    publisher: Publisher | None = None
    began: float = 0
    hits: Mapping[str, StoredResult] = field(default_factory=dict)
    _queue: queue.SimpleQueue[_Ended | Event] = field(default_factory=queue.SimpleQueue)
    _tails: dict[str, deque[str]] = field(default_factory=dict)
    _workers: dict[str, threading.Thread] = field(default_factory=dict)

    def run(self) -> RunSummary:
        """Run the plan to its end; an interrupt ends it early and is told by the results."""
        began = self.began or time.monotonic()
        state = ScheduleState(self.plan, keep_going=self.keep_going)
        try:
            while not state.over:
                self._start_ready(state)
                if state.running:
                    self._handle(self._queue.get(), state)
        except KeyboardInterrupt:
            self._interrupt(state)
        deployed = self._publish(state)
        summary = RunSummary(
            tasks=self.plan.tasks,
            results=state.results,
            seconds=time.monotonic() - began,
            longest_chain=longest_chain(self.plan, state.results),
            deployed=deployed,
        )
        self.sink(RunFinished(summary=summary))
        return summary

    def _start_ready(self, state: ScheduleState) -> None:
        """Fill the free slots; what the store has needs no slot."""
        while len(state.running) < self.jobs and (task := state.next_task()):
            work = self._work(task, state)
            try:
                stored = self.hits.get(task.id) or self.executor.find(work)
            except BuildEnvError as error:
                self._end(task, _failure(error), state)
                continue
            if stored is not None:
                self._end(task, TaskResult(status=Status.HIT, stored=stored), state)
                continue
            self.sink(TaskStarted(task=task, covered=work.covered))
            self._tails[task.id] = deque(maxlen=_TAIL)
            self._workers[task.id] = threading.Thread(target=self._do, args=(work,), name=task.id, daemon=True)
            self._workers[task.id].start()

    def _work(self, task: Task, state: ScheduleState) -> Work:
        stored = {entry.task: state.results[entry.task].stored for entry in task.inputs}
        return self.executor.work(task, {name: result for name, result in stored.items() if result is not None})

    def _do(self, work: Work) -> None:
        """A worker thread: one task."""
        began = time.monotonic()
        try:
            result = self.executor.run(work, lambda line: self._queue.put(TaskOutput(task=work.task, line=line)))
        except Interrupted:
            result = TaskResult(status=Status.INTERRUPTED, seconds=time.monotonic() - began)
        except BuildEnvError as error:
            result = _failure(error, seconds=time.monotonic() - began)
        except BaseException as error:  # noqa: BLE001 - a defect: raised again in the main thread
            self._queue.put(_Ended(task=work.task, result=TaskResult(status=Status.FAILED), defect=error))
            return
        self._queue.put(_Ended(task=work.task, result=result))

    def _handle(self, message: _Ended | Event, state: ScheduleState) -> None:
        if isinstance(message, _Ended):
            if message.defect is not None:
                self.executor.cancel()
                raise message.defect
            self._end(message.task, message.result, state)
        else:
            if isinstance(message, TaskOutput):
                self._tails[message.task.id].append(message.line)
            self.sink(message)

    def _end(self, task: Task, result: TaskResult, state: ScheduleState) -> None:
        tail = tuple(self._tails.pop(task.id, ())) if result.status is Status.FAILED else ()
        self.sink(TaskFinished(task=task, result=result, tail=tail))
        for other, dropped in state.finish(task.id, result):
            self.sink(TaskFinished(task=other, result=dropped))

    def _interrupt(self, state: ScheduleState) -> None:
        """Kill the rooms, say of what waits that it will not run, wait for the workers."""
        self.executor.cancel()
        stopped = TaskResult(status=Status.INTERRUPTED)
        for task, result in state.stop(stopped):
            self.sink(TaskFinished(task=task, result=result))
        while state.running:
            try:
                self._handle(self._queue.get(timeout=_PATIENCE), state)
            except queue.Empty:
                for task in self._lost(state):
                    self._end(task, stopped, state)
            except KeyboardInterrupt:  # a second Ctrl-C: rooms are being removed already
                continue

    def _lost(self, state: ScheduleState) -> list[Task]:
        """The running tasks that nobody will ever speak of: the interrupt came before the start or after the word."""
        silent = [task for task in self.plan if task.id in state.running and not self._works(task)]
        return silent if self._queue.empty() else []

    def _works(self, task: Task) -> bool:
        worker = self._workers.get(task.id)
        return worker is not None and worker.is_alive()

    def _publish(self, state: ScheduleState) -> tuple[str, ...]:
        """Close the transaction: what was deployed before a failure or after it is published, interrupted runs not."""
        interrupted = any(result.status is Status.INTERRUPTED for result in state.results.values())
        if self.publisher is None or interrupted:
            return ()
        return tuple(self.publisher.commit())


def _failure(error: BuildEnvError, *, seconds: float = 0.0) -> TaskResult:
    return TaskResult(
        status=Status.FAILED,
        seconds=seconds,
        message="; ".join([str(error.message), *map(str, error.faults)]),
        hint=error.hint,
        environment=error.exit_code == 4,  # noqa: PLR2004 - the exit code of EnvironmentNotReady and its kind
    )
