"""Owns the specification of rooms: from work to what an engine must make. Makes nothing itself but download folders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.model.action import LayerAction
from build_env.model.artifact import Artifact
from build_env.model.room import RoomEntry, RoomSpec
from build_env.model.task import Place
from build_env.plan.keys import IMAGE_FACTS, kept_room_name
from build_env.plan.layers import layer_room
from build_env.work.inputs import layer_inputs, room_inputs
from build_env.work.snapshot import snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from build_env.model.action import Room
    from build_env.model.identity import TaskName
    from build_env.model.room import TimeLimit
    from build_env.model.task import Task
    from build_env.model.work import ResolvedInput, Work
    from build_env.ports import Store

__all__ = ["RoomSpecs", "input_at", "layer_key", "task_labels"]


@dataclass(frozen=True, kw_only=True)
class RoomSpecs:
    """What rooms of this run have in common. `reused_prefix` begins the names of kept rooms; empty for fresh ones.

    A command that wants a temporary room has a fresh one in any case, and so has its layer.
    """

    root: Path
    downloads: Path
    store: Store
    labels: Mapping[str, str]
    reused_prefix: str = ""
    ssh_agent: str = ""
    limit: TimeLimit | None = None

    def of(self, work: Work, collect: Path) -> RoomSpec:
        """The room of a task; what it leaves in `out/` goes to `collect`."""
        if work.task.room is None:
            raise RuntimeError(f"{work.task.name} has no room")
        return self._spec(work, work.task.room, room_inputs(work, self.store), collect)

    def layer(self, work: Work, collect: Path) -> RoomSpec:
        """What the layer's room sees: the dependency set and the shared folders, not the package."""
        room = layer_room(work.task)
        if room is None:
            raise RuntimeError(f"{work.task.name} has no layer")
        spec = self._spec(work, room, layer_inputs(work, self.store), collect)
        return replace(spec, labels={**spec.labels, "role": "layer"}, ssh_agent="")

    def _spec(self, work: Work, room: Room, inputs: tuple[RoomEntry, ...], collect: Path) -> RoomSpec:
        task = work.task
        image = input_at(work, Place.IMAGE)
        identity = next((item.digest for item in image.artifacts if item.name == IMAGE_FACTS), "") if image else ""
        trees = [snapshot(self.root, tree, self.store) for tree in room.trees]
        kept = self.reused_prefix and image and not any(command.temporary for command in room.commands)
        return RoomSpec(
            image=image.facts["tag"] if image else "",
            commands=room.commands,
            environment=room.environment,
            entries=(*trees, *inputs),
            collect=collect,
            labels={**self.labels, "role": "room", "key": work.key, **task_labels(task.name)},
            platform=room.platform,
            mounts=tuple(replace(mount, source=str(self.root / mount.source)) for mount in room.mounts),
            downloads=self._downloads(task) if room.downloads else None,
            epoch=room.epoch,
            name=kept_room_name(self.reused_prefix, task.target, room.commands[0].kind, identity) if kept else "",
            layer_key=layer_key(work),
            ssh_agent=self.ssh_agent if room.downloads else "",
            limit=self.limit,
            object_path=self._object_path,
        )

    def offline(self, spec: RoomSpec, kept: Sequence[Artifact]) -> RoomSpec:
        """The room of a layer without network, with the packages that were fetched for it before (`in/archives/`)."""
        files = tuple(RoomEntry(digest=item.digest, destination=f"in/{item.name}") for item in kept)
        commands = tuple(replace(command, network=False) for command in spec.commands)
        return replace(spec, commands=commands, entries=(*spec.entries, *files))

    def _object_path(self, digest: str) -> Path:
        return self.store.path(Artifact(name="", digest=digest, size=0))

    def _downloads(self, task: Task) -> Path:
        directory = self.downloads / task.subject
        directory.mkdir(parents=True, exist_ok=True)
        return directory


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
