"""Owns build-dependency layers as tasks: what a task installs becomes a task before it, and equal ones become one.

Pure. A layer's room holds the install commands and the shared folders, never the package: that is what lets two
packages with equal build dependencies have one layer.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_data
from build_env.model.action import LayerAction, RoomAction
from build_env.model.command import Role
from build_env.model.identity import TaskName
from build_env.model.task import Input, Place, Stage, Task
from build_env.plan.keys import room_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.action import Room

__all__ = ["layer_room", "with_layers"]

_FROM_PACKAGE = (Place.IMAGE, Place.SOURCE, Place.PACKAGES)
_SHORT = 8


def with_layers(tasks: Mapping[TaskName, Task]) -> dict[TaskName, Task]:
    """The tasks with a layer before each one that installs something into the image of its room."""
    complete: dict[TaskName, Task] = {}
    for task in tasks.values():
        layer = _layer_of(task)
        if layer is None:
            complete[task.name] = task
        else:
            complete.setdefault(layer.name, layer)
            complete[task.name] = replace(task, inputs=(*task.inputs, Input(task=layer.name, place=Place.LAYER)))
    return complete


def layer_room(task: Task) -> Room | None:
    """The room in which the layer of `task` is made; of a layer it is its own. None where nothing is installed.

    What a build installs depends on the architecture it builds for; other stages install programs for their image.
    """
    room = task.room
    if room is None or isinstance(task.action, LayerAction):
        return room
    # A fresh room needs a layer that is an image, and a kept one has it inside: they are not the same result.
    temporary = any(command.temporary for command in room.commands)
    commands = tuple(replace(command, temporary=temporary) for command in room.commands if command.role is Role.INSTALL)
    if not commands:
        return None
    native = room.environment["BUILD_HOST_ARCH"]
    environment = {
        "ARCH": room.environment["ARCH"] if _installs_own(task) else native,
        "BUILD_HOST_ARCH": native,
        "BUILD_STAGE": Stage.LAYER.value,
        "LC_ALL": room.environment["LC_ALL"],
        "TZ": room.environment["TZ"],
    }
    trees = tuple(tree for tree in room.trees if tree.destination.startswith("common/"))
    return replace(room, commands=commands, environment=environment, trees=trees, downloads=False, epoch=0)


def _installs_own(task: Task) -> bool:
    return isinstance(task.action, RoomAction) and task.action.installs_own


def _layer_of(task: Task) -> Task | None:
    """The layer of a build has the build dependencies that its source names; every other layer is the same for all."""
    room = layer_room(task)
    if room is None or not any(entry.place is Place.IMAGE for entry in task.inputs):
        return None
    static = room_inputs(Stage.LAYER, room)
    if isinstance(task.action, RoomAction) and task.action.installs_own:
        return replace(
            task,
            name=task.name._replace(stage=Stage.LAYER),
            static_inputs=static,
            inputs=tuple(entry for entry in task.inputs if entry.place in _FROM_PACKAGE),
            after=(),
            action=LayerAction(room=room, provided=task.action.provided, declared=task.action.declared),
            printed=(),
        )
    inputs = tuple(entry for entry in task.inputs if entry.place is Place.IMAGE)
    return Task(
        name=TaskName(target=task.target, subject=digest_data([static, inputs])[:_SHORT], stage=Stage.LAYER),
        title=f"{task.target} {task.stage} {room.environment['BUILD_HOST_ARCH']}",
        static_inputs=static,
        inputs=inputs,
        action=LayerAction(room=room),
    )
