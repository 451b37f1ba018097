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
    from build_env.model.command import Command

__all__ = ["layer_room", "with_layers"]

_FROM_PACKAGE = (Place.IMAGE, Place.SOURCE, Place.PACKAGES)
_SHORT = 8
_INSTALLED_BY = {f"BUILD_{name.upper()}" for name in ("profiles", "only")}  # choices that decide what is installed
_ROUNDS = 3  # what asks to be built needs its tools first, then what these say, then what the package itself says


def with_layers(tasks: Mapping[TaskName, Task]) -> dict[TaskName, Task]:
    """The tasks with a layer before each one that installs something into the image of its room.

    Before a task that asks what else it needs there are rounds of a layer and a task that asks on it. Those that find
    nothing new come to the same results as the one before, and cost nothing.
    """
    complete: dict[TaskName, Task] = {}
    for task in tasks.values():
        questions = _with_role(task, Role.ASK)
        own = _without(task, questions)
        for number in range(1, _ROUNDS + 1) if questions and _layer_of(own) else ():
            round_ = f"{task.name.subject} round {number}"
            layered = _on_layer(own, _renamed(own, round_), complete)
            question = _question(layered, round_, questions)
            complete[question.name] = question
            own = replace(own, inputs=(*own.inputs, Input(task=question.name, place=Place.SOURCE)))
        complete[task.name] = _on_layer(own, own, complete)
    return complete


def _on_layer(task: Task, named: Task, complete: dict[TaskName, Task]) -> Task:
    """The task with the layer that `named` has, if there is one; which is added to `complete`."""
    layer = _layer_of(named)
    if layer is None:
        return task
    complete.setdefault(layer.name, layer)
    return replace(task, inputs=(*task.inputs, Input(task=layer.name, place=Place.LAYER)))


def _renamed(task: Task, subject: str) -> Task:
    return replace(task, name=task.name._replace(subject=subject))


def _question(task: Task, subject: str, commands: tuple[Command, ...]) -> Task:
    """A task in the same room on the same layer that runs only `commands`."""
    room = task.room
    if room is None:
        raise RuntimeError(f"{task.name} asks, and has no room")
    environment = {**room.environment, "BUILD_STAGE": Stage.ASK.value}
    room = replace(room, commands=commands, environment=environment, caches=())
    return Task(
        name=task.name._replace(subject=subject, stage=Stage.ASK),
        static_inputs=room_inputs(Stage.ASK, room),
        inputs=tuple(entry for entry in task.inputs if entry.place in {Place.IMAGE, Place.SOURCE, Place.LAYER}),
        action=RoomAction(room=room),
    )


def _with_role(task: Task, role: Role) -> tuple[Command, ...]:
    """The commands of the task in that role, as commands to run."""
    commands = task.room.commands if task.room else ()
    return tuple(replace(command, role=Role.RUN) for command in commands if command.role is role)


def _without(task: Task, questions: tuple[Command, ...]) -> Task:
    """The task without what it asks."""
    if not questions or not isinstance(task.action, RoomAction):
        return task
    room = task.action.room
    room = replace(room, commands=tuple(command for command in room.commands if command.role is not Role.ASK))
    return replace(task, action=replace(task.action, room=room), static_inputs=room_inputs(task.stage, room))


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
        **{name: value for name, value in room.environment.items() if name in _INSTALLED_BY},
    }
    trees = tuple(tree for tree in room.trees if tree.destination.startswith("common/"))
    return replace(
        room, commands=commands, environment=environment, trees=trees, files=(), downloads=False, epoch=0, caches=()
    )


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
