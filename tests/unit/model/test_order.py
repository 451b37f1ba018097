"""Orders and outcomes as JSON: one text, the same in both directions, guarded by golden files."""

from __future__ import annotations

import pytest

from build_env.model.action import ImageRecipe
from build_env.model.artifact import Artifact, Isolation
from build_env.model.command import Command, ImageBuild, ImageKind, Mount, Role
from build_env.model.identity import TaskName
from build_env.model.order import (
    Ended,
    Outcome,
    WorkOrder,
    from_json,
    to_json,
)
from build_env.model.room import RoomEntry, RoomOrder, TimeLimit
from tests.support.golden import check_golden

ROOM = RoomOrder(
    image="build-env/debian-12-build:1a2b",
    commands=(
        Command(kind=ImageKind.BUILD, argv=("install.sh",), role=Role.INSTALL, network=True),
        Command(kind=ImageKind.BUILD, argv=("common/deb/build.sh", "--build"), environment={"V": "1"}),
    ),
    environment={"ARCH": "arm64", "BUILD_PACKAGE": "greet"},
    entries=(
        RoomEntry(digest="1" * 64, destination="src/greet", tree=True),
        RoomEntry(digest="2" * 64, destination="in/source/greet_1.dsc"),
    ),
    labels={"role": "room", "task": "debian/12:greet:build:arm64"},
    platform="linux/arm64",
    mounts=(Mount(source="/opt/sdk", destination="/opt/sdk"),),
    epoch=7,
    layer_key="5" * 64,
    limit=TimeLimit(seconds=90.0, origin="--timeout"),
)
ROOM_ORDER = WorkOrder(task=TaskName("debian/12", "greet", "build", "arm64"), key="3" * 64, room=ROOM)
LAYER_ORDER = WorkOrder(
    task=TaskName("debian/12", "greet", "layer", "arm64"),
    key="5" * 64,
    room=ROOM,
    layer=True,
    fetched=(RoomEntry(digest="6" * 64, destination="in/archives/x_1_arm64.deb"),),
    anew=True,
)
BUILD = ImageBuild(
    name="debian-12-build", kind=ImageKind.BUILD, dockerfile="D", base_image="debian:12", variables={"tools": ["make"]}
)
IMAGE_ORDER = WorkOrder(
    task=TaskName("debian/12", "debian-12-build", "image"),
    key="4" * 64,
    recipe=ImageRecipe(build=BUILD, architecture="arm64", dockerfile="FROM debian:12\n", context_digest="7" * 64),
    context=RoomEntry(digest="7" * 64, destination=".", tree=True),
)
DONE = Outcome(
    ended=Ended.DONE,
    artifacts=(Artifact(name="greet_1_arm64.deb", digest="8" * 64, size=12),),
    facts={"tag": "x:1"},
    isolation=Isolation.FRESH,
    peak_memory=1 << 20,
)
MISSING = Outcome(ended=Ended.IMAGE_MISSING, missing="build-env/debian-12-build:1a2b")
FAILED = Outcome(ended=Ended.FAILED, status=2, message="exit status 2", isolation=Isolation.FRESH)


@pytest.mark.parametrize(
    ("name", "order"), [("room", ROOM_ORDER), ("layer", LAYER_ORDER), ("image", IMAGE_ORDER)], ids=str
)
def test_orders(name: str, order: WorkOrder, *, update_golden: bool) -> None:
    text = to_json(order)
    check_golden(f"orders/{name}.json", f"{text}\n", update=update_golden)
    assert from_json(WorkOrder, text) == order


@pytest.mark.parametrize(("name", "outcome"), [("done", DONE), ("missing", MISSING), ("failed", FAILED)], ids=str)
def test_outcomes(name: str, outcome: Outcome, *, update_golden: bool) -> None:
    text = to_json(outcome)
    check_golden(f"orders/outcome-{name}.json", f"{text}\n", update=update_golden)
    assert from_json(Outcome, text) == outcome


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ended": "well"}', "null"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="this is no Outcome"):
        from_json(Outcome, text)
