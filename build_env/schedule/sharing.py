"""Owns the claims of a run: the right to do a task, which no two tasks, threads or processes have at once.

What somebody else does is waited for by a thread of its own, which tells the loop.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.model.events import TaskWaiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.task import Task
    from build_env.ports import Claim, Executor, Work

__all__ = ["Claimed", "Sharing"]


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """Waiting for a claim has ended: the run has it now, unless `error` came up."""

    work: Work
    error: BaseException | None = None


@dataclass
class Sharing:
    """The claims that this run holds, by task id, and the threads that wait for more and `tell` when they have them."""

    executor: Executor
    tell: Callable[[Claimed], None]
    _claims: dict[str, tuple[Work, Claim]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _waiters: list[threading.Thread] = field(default_factory=list)

    def holds(self, task: Task) -> bool:
        """Whether this run has the claim to the task."""
        return task.id in self._claims

    def claim(self, work: Work) -> bool:
        """Take the claim if nobody has it."""
        claim = self.executor.claim(work)
        if claim is not None:
            self._claims[work.task.id] = work, claim
        return claim is not None

    def wait(self, work: Work) -> TaskWaiting:
        """Let a thread wait for the claim; the event says what for."""
        own = next((held.task for held, _ in [*self._claims.values()] if held.key == work.key), None)
        thread = threading.Thread(target=self._await, args=(work,), name=f"wait {work.task.id}", daemon=True)
        self._waiters.append(thread)
        thread.start()
        who = f"{own.stage.value} {own.label} is the same" if own else "another run does it now"
        return TaskWaiting(task=work.task, text=who)

    def release(self, task: Task) -> None:
        """The task has ended, or does not start any more."""
        held = self._claims.pop(task.id, None)
        if held:
            held[1].release()

    def close(self) -> None:
        """The run is over: nobody waits, nothing is held."""
        self._stop.set()
        for waiter in self._waiters:
            waiter.join()
        for work, _ in [*self._claims.values()]:
            self.release(work.task)

    def _await(self, work: Work) -> None:
        """A thread that waits: the claim is kept before anybody is told, so that `close` finds it in any case."""
        try:
            claim = self.executor.await_claim(work, self._stop)
        except BaseException as error:  # noqa: BLE001 - for the main thread to raise
            self.tell(Claimed(work=work, error=error))
            return
        if claim is not None:
            self._claims[work.task.id] = work, claim
            self.tell(Claimed(work=work))
