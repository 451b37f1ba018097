"""What a task installs is a task of its own: shared where it is equal, and blind to the package."""

from __future__ import annotations

from dataclasses import replace

import pytest

from build_env.model.action import Room, RoomAction, Tree
from build_env.model.command import Command, ImageKind, Mount, Role
from build_env.model.identity import TaskName
from build_env.model.task import NOTHING, Input, Place, Stage, Task
from build_env.plan.keys import room_inputs
from build_env.plan.layers import layer_room, with_layers
from tests.support.samples import named

MAKE = Command(kind=ImageKind.BUILD, argv=("make",))
INSTALL = Command(kind=ImageKind.BUILD, argv=("install",), role=Role.INSTALL, network=True)
ROOM = Room(
    commands=(INSTALL, MAKE),
    environment={
        "ARCH": "arm64",
        "BUILD_HOST_ARCH": "amd64",
        "BUILD_TARGET": "t/1",
        "BUILD_PACKAGE": "greet",
        "LC_ALL": "C",
        "TZ": "UTC",
    },
    trees=(
        Tree(path="src/greet", destination="src/greet", digest="1"),
        Tree(path="common/deb", destination="common/deb", digest="2"),
    ),
    downloads=True,
    epoch=7,
)
INPUTS = (
    Input(task=named("t/1:image:b"), place=Place.IMAGE),
    Input(task=named("t/1:greet:source:source"), place=Place.SOURCE),
    Input(task=named("t/1:libgreet:build:arm64"), place=Place.PACKAGES),
    Input(task=named("t/1:other:build:arm64"), place=Place.BUILD),
)
BUILD = Task(name=named("t/1:greet:build:arm64"), inputs=INPUTS, action=RoomAction(room=ROOM, declared=("greet",)))


def layers(*tasks: Task) -> list[Task]:
    return [task for task in with_layers({task.name: task for task in tasks}).values() if task.stage == Stage.LAYER]


def verify(subject: str, arch: str, **changes: object) -> Task:
    room = replace(ROOM, environment={**ROOM.environment, "ARCH": arch, "BUILD_PACKAGE": subject})
    action = RoomAction(room=replace(room, **changes))  # type: ignore[arg-type]  # fields by name
    return replace(BUILD, name=TaskName("t/1", subject, Stage.VERIFY, arch), action=action)


def test_caches_are_in_no_key_and_in_no_layer() -> None:
    cached = replace(ROOM, caches=("ccache",))
    assert room_inputs(Stage.BUILD, cached) == room_inputs(Stage.BUILD, ROOM)
    layer = layer_room(replace(BUILD, action=RoomAction(room=cached, declared=("greet",))))
    assert layer is not None
    assert layer.caches == ()


def test_the_layer_of_a_build_comes_from_its_image_its_source_and_the_packages_it_may_install() -> None:
    (layer,) = layers(BUILD)
    assert str(layer.name) == "t/1:greet:layer:arm64"
    assert [entry.place for entry in layer.inputs] == [Place.IMAGE, Place.SOURCE, Place.PACKAGES]
    assert with_layers({BUILD.name: BUILD})[BUILD.name].inputs[-1] == Input(task=layer.name, place=Place.LAYER)


def test_a_layer_sees_nothing_of_the_package() -> None:
    room = layer_room(BUILD)
    assert room is not None
    assert [tree.destination for tree in room.trees] == ["common/deb"]
    assert "BUILD_PACKAGE" not in room.environment
    assert (room.commands, room.epoch, room.downloads) == ((INSTALL,), 0, False)


def test_two_packages_with_the_same_tools_share_a_layer_and_so_do_architectures() -> None:
    assert len(layers(verify("one", "amd64"), verify("two", "amd64"), verify("two", "arm64"))) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"commands": (replace(INSTALL, argv=("other",)), MAKE)},
        {"mounts": (Mount(source="sdk", destination="/opt"),)},
        {"trees": (replace(ROOM.trees[1], digest="3"),)},
    ],
    ids=str,
)
def test_what_installs_otherwise_gets_a_layer_of_its_own(changes: dict[str, object]) -> None:
    assert len(layers(verify("one", "amd64"), verify("two", "amd64", **changes))) == 2


def test_what_installs_nothing_or_has_no_image_gets_none() -> None:
    assert layers(replace(BUILD, action=RoomAction(room=replace(ROOM, commands=(MAKE,)), declared=("greet",)))) == []
    assert layers(replace(BUILD, inputs=INPUTS[1:])) == []
    assert layers(replace(BUILD, action=NOTHING)) == []


def test_the_architecture_counts_for_builds_only() -> None:
    armhf = verify("greet", "armhf").room
    assert armhf is not None
    other = replace(BUILD, name=named("t/1:greet:build:armhf"), action=RoomAction(room=armhf, declared=("greet",)))
    first, second = layers(BUILD, other)
    assert first.static_inputs != second.static_inputs


def test_the_layer_of_a_temporary_room_is_another_one_than_that_of_a_kept_room() -> None:
    usual, fresh = verify("a", "amd64"), verify("b", "amd64", commands=(INSTALL, replace(MAKE, temporary=True)))
    kept, temporary = layers(usual, fresh)
    assert kept.room is not None
    assert temporary.room is not None
    assert [command.temporary for command in (*kept.room.commands, *temporary.room.commands)] == [False, True]
    assert kept.static_inputs != temporary.static_inputs


@pytest.mark.parametrize("subject", ["build", "layer"])
def test_a_package_may_be_called_like_a_stage(subject: str) -> None:
    task = replace(BUILD, name=named(f"t/1:{subject}:build:arm64"))
    (layer,) = layers(task)
    assert str(layer.name) == f"t/1:{subject}:layer:arm64"


ASK = replace(MAKE, argv=("ask",), role=Role.ASK)


def test_what_asks_for_more_is_asked_on_layer_after_layer() -> None:
    asking = replace(BUILD, action=RoomAction(room=replace(ROOM, commands=(INSTALL, ASK, MAKE)), declared=("greet",)))
    made = with_layers({asking.name: asking})
    names = [str(name).removeprefix("t/1:greet") for name in made]
    rounds = [f" round {number}:{stage}:arm64" for number in (1, 2, 3) for stage in ("layer", "ask")]
    assert names == [*rounds, ":layer:arm64", ":build:arm64"]
    source, first, second = (
        [
            str(entry.task)
            for entry in made[named(f"t/1:greet{round_}:layer:arm64")].inputs
            if entry.place is Place.SOURCE
        ][-1]
        for round_ in (" round 1", " round 2", "")
    )
    assert (source, first, second) == (
        "t/1:greet:source:source",
        "t/1:greet round 1:ask:arm64",
        "t/1:greet round 3:ask:arm64",
    )
    question = made[named("t/1:greet round 2:ask:arm64")]
    assert question.room is not None
    assert [command.argv for command in question.room.commands] == [("ask",)]
    assert question.inputs[-1] == Input(task=named("t/1:greet round 2:layer:arm64"), place=Place.LAYER)
    build = made[asking.name]
    assert build.room is not None
    assert [command.argv for command in build.room.commands] == [("install",), ("make",)]
    assert build.inputs[-1] == Input(task=named("t/1:greet:layer:arm64"), place=Place.LAYER)


def test_what_asks_is_left_out_where_there_are_no_layers() -> None:
    asking = replace(BUILD, inputs=INPUTS[1:], action=RoomAction(room=replace(ROOM, commands=(ASK, MAKE))))
    (task,) = with_layers({asking.name: asking}).values()
    assert task.room is not None
    assert task.room.commands == (MAKE,)
