"""Owns a plan as a memory keeps it: what tells whether a task is as it was, and the tasks themselves in pieces.

Pieces, because most tasks are as they were, and making all of them takes longer than anything else.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.model.action import RoomAction
from build_env.model.identity import TaskName

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from build_env.app.planned import Planned
    from build_env.model.artifact import StoredResult
    from build_env.model.task import Task
    from build_env.store.results import Outcome

__all__ = ["Known", "TreeName", "known_of"]

_PIECE = 16  # tasks
# What names a tree of the project: its path and what is left out of it.
TreeName = tuple[str, tuple[str, ...]]
# Name, places of its inputs in the plan, of its trees; key of its result and its artifacts as the store writes them.
_Mark = tuple[TaskName, tuple[int, ...], tuple[int, ...], str, str]


@dataclass(frozen=True, kw_only=True)
class Known:
    """A plan without its tasks, and these as `marks` and `pieces`; `provided` is one map for all of them.

    A task without a result has no key. `trees` are those of all tasks with the digests of then.
    """

    planned: Planned
    trees: Mapping[TreeName, str]
    marks: tuple[_Mark, ...]
    pieces: tuple[bytes, ...]
    provided: Mapping[str, tuple[str, ...]]
    scanned: tuple[StoredResult, ...] = ()

    def same(
        self, digests: Mapping[TreeName, str], outcomes: Mapping[str, Outcome], whole: Callable[[Outcome], bool]
    ) -> dict[int, str]:
        """Place and key of each task that has its result still, made of the same: nothing before it differs, too."""
        changed = {place for place, (tree, digest) in enumerate(self.trees.items()) if digests.get(tree) != digest}
        found: dict[int, str] = {}
        for place, (_, inputs, trees, key, artifacts) in enumerate(self.marks):
            outcome = outcomes.get(key)
            if outcome is None or outcome[2] != artifacts or not changed.isdisjoint(trees):
                continue
            if all(map(found.__contains__, inputs)) and whole(outcome):
                found[place] = key
        return found

    def tasks(self, digests: Mapping[TreeName, str], leave_out: Collection[int] = ()) -> Iterator[Task]:
        """The tasks with the `digests` that their trees have now."""
        for number, piece in enumerate(self.pieces):
            first = number * _PIECE
            wanted = [place for place in range(first, min(first + _PIECE, len(self.marks))) if place not in leave_out]
            if wanted:
                tasks: tuple[Task, ...] = pickle.loads(piece)  # noqa: S301 - a part of a blob, whose checksum is right
                yield from (self._now(tasks[place - first], digests) for place in wanted)

    def _now(self, task: Task, digests: Mapping[TreeName, str]) -> Task:
        from build_env.plan.keys import room_inputs  # noqa: PLC0415 - a run with nothing to do needs no keys

        action = task.action
        if not isinstance(action, RoomAction):
            return task
        if action.declared:
            action = replace(action, provided=self.provided)
            task = replace(task, action=action)
        room = action.room
        if all(digests[tree.path, tree.leave_out] == tree.digest for tree in room.trees):
            return task
        trees = tuple(replace(tree, digest=digests[tree.path, tree.leave_out]) for tree in room.trees)
        room = replace(room, trees=trees)
        return replace(task, action=replace(action, room=room), static_inputs=room_inputs(task.stage, room))


def known_of(planned: Planned, results: Mapping[TaskName, tuple[str, str]], scanned: tuple[StoredResult, ...]) -> Known:
    """What is kept of a plan; `results` are key and artifacts by task."""
    tasks = planned.plan.tasks
    trees = {
        (tree.path, tree.leave_out): tree.digest for task in tasks if task.room is not None for tree in task.room.trees
    }
    tree_places = {tree: place for place, tree in enumerate(trees)}
    places = {task.name: place for place, task in enumerate(tasks)}
    return Known(
        planned=replace(planned, plan=replace(planned.plan, tasks=())),
        trees=trees,
        marks=tuple(_mark(task, places, tree_places, results) for task in tasks),
        pieces=tuple(_piece(tasks[start : start + _PIECE]) for start in range(0, len(tasks), _PIECE)),
        provided=next((action.provided for action in map(_room_action, tasks) if action and action.declared), {}),
        scanned=scanned,
    )


def _mark(
    task: Task,
    places: Mapping[TaskName, int],
    tree_places: Mapping[TreeName, int],
    results: Mapping[TaskName, tuple[str, str]],
) -> _Mark:
    inputs = tuple(places[entry.task] for entry in task.inputs)
    trees = tuple(tree_places[tree.path, tree.leave_out] for tree in (task.room.trees if task.room else ()))
    return (task.name, inputs, trees, *results.get(task.name, ("", "")))


def _room_action(task: Task) -> RoomAction | None:
    return task.action if isinstance(task.action, RoomAction) else None


def _without_provided(task: Task) -> Task:
    action = _room_action(task)
    return replace(task, action=replace(action, provided={})) if action else task


def _piece(tasks: Iterable[Task]) -> bytes:
    return pickle.dumps(tuple(map(_without_provided, tasks)), protocol=pickle.HIGHEST_PROTOCOL)
