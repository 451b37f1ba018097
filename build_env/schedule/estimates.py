"""Owns the guess at what tasks will take: from what earlier runs recorded, else from tasks that are like them. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from statistics import median
from typing import TYPE_CHECKING

from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.model.attempt import AttemptState
from build_env.model.estimate import Estimate
from build_env.work.registry import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from build_env.model.attempt import Attempt
    from build_env.model.identity import TaskName
    from build_env.model.task import Plan, Task

__all__ = ["asked_of_history", "estimate_tasks"]


def asked_of_history(plan: Plan, hits: Collection[TaskName]) -> tuple[TaskName, ...]:
    """Whose history says something about the tasks of `plan` that are no hits: their own, and that of siblings."""
    names = (name for task in plan if task.name not in hits for name in (task.name, *_siblings(task)))
    return tuple(dict.fromkeys(names))


def estimate_tasks(
    plan: Plan, history: Mapping[TaskName, Sequence[Attempt]], hits: Collection[TaskName] = ()
) -> dict[TaskName, Estimate]:
    """What each task will take that is no hit.

    The median of its last good attempts; else that of the same stage and subject on other architectures; else that of
    all of its stage in `history`; else a usual value. Of memory at least the most that any of its attempts used,
    because one that failed may have failed for want of it.
    """
    recorded = {name: typical for name, attempts in history.items() if (typical := _typical(attempts))}
    by_stage: dict[str, list[Estimate]] = defaultdict(list)
    for task in plan:
        by_stage[task.stage] += [recorded[name] for name in (task.name, *_siblings(task)) if name in recorded]
    usual = {stage: _middle(estimates) for stage, estimates in by_stage.items() if estimates}
    expected = {
        task.name: recorded.get(task.name)
        or _guess(task, [recorded[name] for name in _siblings(task) if name in recorded], usual)
        for task in plan
        if task.name not in hits
    }
    return {
        name: replace(estimate, memory=max(estimate.memory, _peak(history.get(name, ()))))
        for name, estimate in expected.items()
    }


def _peak(attempts: Iterable[Attempt]) -> int:
    return max((attempt.peak_memory for attempt in attempts), default=0)


def _guess(task: Task, siblings: Sequence[Estimate], usual: Mapping[str, Estimate]) -> Estimate:
    if siblings:
        return _middle(siblings)
    default = Estimate(seconds=kind_of(task.stage).usual_seconds)
    return usual.get(task.stage, default)


def _typical(attempts: Sequence[Attempt]) -> Estimate | None:
    """What the good attempts took; None when there was none. Their siblings are guessed from that, too."""
    good = [attempt for attempt in attempts if attempt.state is AttemptState.DONE]
    if not good:
        return None
    return Estimate(
        seconds=median(attempt.seconds for attempt in good),
        memory=_peak(attempts),
        recorded=True,
    )


def _middle(estimates: Sequence[Estimate]) -> Estimate:
    """A guess from what others took."""
    measured = [entry.memory for entry in estimates if entry.memory]
    return Estimate(
        seconds=median(entry.seconds for entry in estimates), memory=round(median(measured)) if measured else 0
    )


def _siblings(task: Task) -> list[TaskName]:
    """The names of the same stage and subject on other architectures, whether or not there are such tasks."""
    if not task.arch:
        return []
    return [task.name._replace(architecture=other) for other in MACHINE_TO_DEBIAN.values() if other != task.arch]
