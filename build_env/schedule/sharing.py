"""Owns the claims of a run: the right to do a task, which no two tasks, threads or processes have at once.

What somebody else does is looked at again and again by one thread, which tells the loop when the run has it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.model.events import TaskWaiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.identity import TaskName
    from build_env.model.task import Task
    from build_env.model.work import Work
    from build_env.ports import Claim, Executor

__all__ = ["Claimed", "Sharing"]

_INTERVAL = 0.05  # seconds between two looks


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """Waiting for a claim has ended: the run has it now, unless `error` came up."""

    work: Work
    error: BaseException | None = None


@dataclass
class Sharing:
    """The claims that this run holds, by task id, and the thread that waits for more and `tell`s when it has one."""

    executor: Executor
    tell: Callable[[Claimed], None]
    _claims: dict[TaskName, tuple[Work, Claim]] = field(default_factory=dict)
    _wanted: dict[TaskName, Work] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # of what is wanted, and of who waits for it
    _stop: threading.Event = field(default_factory=threading.Event)
    _waiter: threading.Thread | None = None

    def holds(self, task: Task) -> bool:
        """Whether this run has the claim to the task."""
        return task.name in self._claims

    def claim(self, work: Work) -> bool:
        """Take the claim if nobody has it."""
        claim = self.executor.claim(work)
        if claim is not None:
            self._claims[work.task.name] = work, claim
        return claim is not None

    def wait(self, work: Work) -> TaskWaiting:
        """Let the thread wait for the claim, too; the event says what for."""
        own = next((held.task for held, _ in [*self._claims.values()] if held.key == work.key), None)
        owner = "" if own else self.executor.owner(work)
        with self._lock:
            self._wanted[work.task.name] = work
            if self._waiter is None:
                self._waiter = threading.Thread(target=self._await, name="wait for claims", daemon=True)
                self._waiter.start()
        who = f"{own.stage} {own.label} is the same" if own else f"{owner or 'another run'} does it now"
        return TaskWaiting(task=work.task, text=who)

    def release(self, task: Task) -> None:
        """The task has ended, or does not start any more."""
        held = self._claims.pop(task.name, None)
        if held:
            held[1].close()

    def close(self) -> None:
        """The run is over: nobody waits, nothing is held."""
        self._stop.set()
        waiter = self._waiter
        if waiter is not None:
            waiter.join()
        for work, _ in [*self._claims.values()]:
            self.release(work.task)

    def _await(self) -> None:
        """The thread that waits; it ends when nothing is wanted any more."""
        while not self._stop.is_set():
            for work in [*self._wanted.values()]:
                self._look(work)
            # One step for `wait`: it must not add to what a thread that is about to end would have looked for.
            with self._lock:
                if not self._wanted:
                    self._waiter = None
                    return
            self._stop.wait(_INTERVAL)

    def _look(self, work: Work) -> None:
        """The claim is kept before anybody is told, so that `close` finds it in any case."""
        try:
            claim = self.executor.claim(work)
        except BaseException as error:  # noqa: BLE001 - for the main thread to raise
            del self._wanted[work.task.name]
            self.tell(Claimed(work=work, error=error))
            return
        if claim is not None:
            self._claims[work.task.name] = work, claim
            del self._wanted[work.task.name]
            self.tell(Claimed(work=work))
