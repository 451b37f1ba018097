"""Owns the orders of a run: from work to what a worker must do, named by digest. Trees enter the store on the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.images.render import build_context
from build_env.model.action import ImageAction, LayerAction, Tree
from build_env.model.cache import OWN, SHARED
from build_env.model.order import WorkOrder
from build_env.model.room import RoomEntry, RoomLimits, RoomOrder
from build_env.model.task import Place
from build_env.plan.keys import IMAGE_FACTS, kept_room_name
from build_env.plan.layers import layer_room
from build_env.work.inputs import layer_inputs, room_inputs
from build_env.work.snapshot import snapshot, snapshot_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from build_env.core.trees import Trees
    from build_env.model.action import ImageRecipe, Room
    from build_env.model.artifact import Artifact
    from build_env.model.identity import TaskName
    from build_env.model.room import TimeLimit
    from build_env.model.task import Task
    from build_env.model.work import ResolvedInput, Work
    from build_env.ports import Store

__all__ = ["Orders", "context_entry", "input_at", "layer_key", "task_labels"]


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What orders of this run have in common. `reused_prefix` begins the names of kept rooms; empty for fresh ones.

    A command that wants a temporary room has a fresh one in any case, and so has its layer. `recreate` has registries
    asked for bases again. `caches` are those that rooms may have, by name: whether all packages share one.
    """

    trees: Trees
    store: Store
    labels: Mapping[str, str]
    reused_prefix: str = ""
    limit: TimeLimit | None = None
    limits: RoomLimits = field(default_factory=RoomLimits)
    caches: Mapping[str, str] = field(default_factory=dict)
    recreate: bool = False

    def image(self, task: Task, key: str, *, anew: bool) -> WorkOrder:
        """Make the image of the task.

        Raises:
            RuntimeError: when the task makes no image, a defect of the plan.
            TaskError: when the context is not what the plan was made from.
        """
        if not isinstance(task.action, ImageAction):
            raise RuntimeError(f"{task.name} makes no image")  # noqa: TRY004 - a defect of the plan
        recipe = task.action.recipe
        context = context_entry(self.trees, recipe, self.store)
        pulled = anew and self.recreate
        return WorkOrder(task=task.name, key=key, recipe=recipe, context=context, anew=anew, pulled=pulled)

    def room(self, work: Work) -> WorkOrder:
        """Run the commands of the task in its room.

        Raises:
            RuntimeError: when the task has no room, a defect of the plan.
            TaskError: when a tree is not what the plan was made from.
        """
        if work.task.room is None:
            raise RuntimeError(f"{work.task.name} has no room")
        room = self._room(work, work.task.room, room_inputs(work, self.store))
        return WorkOrder(task=work.task.name, key=work.key, room=room)

    def layer(self, work: Work, *, anew: bool, kept: Sequence[Artifact] = ()) -> WorkOrder:
        """Make the layer that the task is, or has: its room sees the dependency set and shared folders, no package.

        The packages that were fetched for it before, `kept`, are given to it below `in/archives/`.

        Raises:
            RuntimeError: when the task has no layer, a defect of the plan.
            TaskError: when a tree is not what the plan was made from.
        """
        room = layer_room(work.task)
        if room is None:
            raise RuntimeError(f"{work.task.name} has no layer")
        order = self._room(work, room, layer_inputs(work, self.store))
        return WorkOrder(
            task=work.task.name,
            key=work.key,
            room=replace(order, labels={**order.labels, "role": "layer"}, fetches=False),
            layer=True,
            fetched=tuple(RoomEntry(digest=item.digest, destination=f"in/{item.name}") for item in kept),
            anew=anew,
        )

    def _room(self, work: Work, room: Room, inputs: tuple[RoomEntry, ...]) -> RoomOrder:
        task = work.task
        image = input_at(work, Place.IMAGE)
        identity = next((item.digest for item in image.artifacts if item.name == IMAGE_FACTS), "") if image else ""
        kept = self.reused_prefix and image and not any(command.temporary for command in room.commands)
        return RoomOrder(
            image=image.facts["tag"] if image else "",
            commands=room.commands,
            environment=room.environment,
            entries=(
                *(snapshot(self.trees, tree, self.store) for tree in room.trees),
                *(snapshot_file(self.trees, file, self.store) for file in room.files),
                *inputs,
            ),
            labels={**self.labels, "role": "room", "key": work.key, **task_labels(task.name)},
            platform=room.platform,
            mounts=tuple(replace(mount, source=str(self.trees.root / mount.source)) for mount in room.mounts),
            fetches=room.downloads,
            caches={name: self._cache(name, task.name) for name in room.caches if name in self.caches},
            epoch=room.epoch,
            name=kept_room_name(self.reused_prefix, task.target, room.commands[0].kind, identity) if kept else "",
            layer_key=layer_key(work),
            limit=self.limit,
            limits=replace(self.limits, **room.limits),
        )

    def _cache(self, name: str, task: TaskName) -> str:
        """The directory of a cache: each architecture of a target has its own, each package if it is not shared.

        So has each stage: what one with network finds there must not reach one without.
        """
        subject = SHARED if self.caches[name] == SHARED else f"{OWN}/{task.subject}"
        parts = (task.target.replace("/", "-"), task.stage, task.architecture)
        return f"{subject}/{'.'.join(filter(None, parts))}/{name}"


def context_entry(trees: Trees, recipe: ImageRecipe, store: Store) -> RoomEntry | None:
    """The build context of an image, in the store.

    Raises:
        TaskError: when it is not what the plan was made from.
    """
    context = build_context(trees.paths, recipe.build)
    if context is None:
        return None
    path = recipe.build.context
    tree = Tree(path=path, destination=".", digest=recipe.context_digest, leave_out=context.leave_out)
    return snapshot(trees, tree, store)


def task_labels(name: TaskName) -> dict[str, str]:
    """The labels that say whose a room is: the name as a person reads it, and its parts for programs."""
    return {"task": str(name), **name._asdict()}


def input_at(work: Work, place: Place) -> ResolvedInput | None:
    """The first input of that place."""
    return next((entry for entry in work.inputs if entry.place is place), None)


def layer_key(work: Work) -> str:
    """The key of the layer that the task is, or that its room has."""
    if isinstance(work.task.action, LayerAction):
        return work.key
    layer = input_at(work, Place.LAYER)
    return layer.facts["layer"] if layer else ""
