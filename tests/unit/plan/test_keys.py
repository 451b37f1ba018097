"""A key changes with each thing that can change a result, and with nothing else. The golden file guards its form."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from build_env.model.action import ImageRecipe, Room, Tree
from build_env.model.command import Command, Deployment, ImageBuild, ImageKind, Mount, Role
from build_env.model.task import Place, Stage
from build_env.model.work import ResolvedInput
from build_env.plan.keys import (
    IMAGE_FACTS,
    INDEX_FACTS,
    INSTALLED,
    deploy_inputs,
    image_key,
    key_inputs,
    key_of,
    room_inputs,
)
from build_env.work.registry import kind_of
from tests.support.samples import artifact, named

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "keys" / "keys.json"
COMMAND = Command(kind=ImageKind.BUILD, argv=("make", "all"), environment={"V": "1"})
INSTALL = replace(COMMAND, argv=("install",), role=Role.INSTALL, network=True)
ROOM = Room(
    commands=(INSTALL, COMMAND),
    environment={"ARCH": "arm64", "BUILD_HOST_ARCH": "amd64", "BUILD_TARGET": "debian/12", "BUILD_PACKAGE": "greet"},
    trees=(
        Tree(path="src/greet", destination="src/greet", digest="1" * 64),
        Tree(path="common/deb", destination="common/deb", digest="2" * 64),
    ),
    mounts=(Mount(source="sdk", destination="/opt/sdk"),),
    epoch=1,
)
BUILD = ImageBuild(name="n", kind=ImageKind.BUILD, dockerfile="D", base_image="b:1", arguments={"A": "1"}, prefix="p")
RECIPE = ImageRecipe(build=BUILD, architecture="arm64", dockerfile="FROM b:1", context_digest="3", base_identity="4")
DEPLOYMENT = Deployment(format="deb", suite="bookworm")
INPUT = ResolvedInput(task=named("t"), place=Place.PACKAGES, artifacts=(artifact("a.deb", "5" * 64),))


def final_key(static: str, inputs: list[ResolvedInput]) -> str:
    return key_of(key_inputs({"static": static}, inputs, kind_of(Stage.BUILD).counts))


def test_keys_are_those_of_the_golden_file(*, update_golden: bool) -> None:
    keys = {
        "room": key_of(room_inputs(Stage.BUILD, ROOM)),
        "image": image_key(RECIPE),
        "deploy": key_of(deploy_inputs("debian/12", DEPLOYMENT)),
        "final": final_key("static", [INPUT]),
        "layer": key_of(key_inputs(room_inputs(Stage.LAYER, ROOM), [INPUT], kind_of(Stage.LAYER).counts)),
    }
    if update_golden:
        GOLDEN.parent.mkdir(parents=True, exist_ok=True)
        GOLDEN.write_text(json.dumps(keys, indent=1) + "\n", encoding="utf-8")
    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == keys, "every stored result is lost by this change"


@pytest.mark.parametrize(
    "changed",
    [
        replace(ROOM, commands=(COMMAND,)),
        replace(ROOM, commands=(COMMAND, INSTALL)),
        *(
            replace(ROOM, commands=(INSTALL, command))
            for command in (
                replace(COMMAND, argv=("make", "al", "l")),
                replace(COMMAND, cwd="src"),
                replace(COMMAND, environment={"V": "2"}),
                replace(COMMAND, network=True),
                replace(COMMAND, kind=ImageKind.SOURCE),
            )
        ),
        replace(ROOM, environment={**ROOM.environment, "ARCH": "armhf"}),
        replace(ROOM, trees=(replace(ROOM.trees[0], digest="9" * 64), ROOM.trees[1])),
        replace(ROOM, trees=(replace(ROOM.trees[0], destination="src/other"), ROOM.trees[1])),
        replace(ROOM, mounts=()),
        replace(ROOM, mounts=(replace(ROOM.mounts[0], writable=True),)),
        replace(ROOM, epoch=2),
    ],
    ids=str,
)
def test_each_part_of_a_room_changes_its_key(changed: Room) -> None:
    assert room_inputs(Stage.BUILD, changed) != room_inputs(Stage.BUILD, ROOM)


def test_the_stage_changes_the_key_and_the_place_in_the_checkout_does_not() -> None:
    assert room_inputs(Stage.VERIFY, ROOM) != room_inputs(Stage.BUILD, ROOM)
    moved = replace(ROOM, trees=tuple(replace(tree, path=f"elsewhere/{tree.path}") for tree in ROOM.trees))
    assert room_inputs(Stage.BUILD, moved) == room_inputs(Stage.BUILD, ROOM)


@pytest.mark.parametrize(
    "changed",
    [
        replace(RECIPE, dockerfile="FROM b:2"),
        replace(RECIPE, architecture="amd64"),
        replace(RECIPE, context_digest=""),
        replace(RECIPE, base_identity=""),
        replace(RECIPE, build=replace(BUILD, arguments={})),
        replace(RECIPE, build=replace(BUILD, prefix="q")),
        replace(RECIPE, build=replace(BUILD, base_image="b:2")),
    ],
    ids=str,
)
def test_each_part_of_an_image_changes_its_key(changed: ImageRecipe) -> None:
    assert image_key(changed) != image_key(RECIPE)


def test_where_a_repository_lies_changes_the_key_of_a_deployment() -> None:
    keys = {
        key_of(deploy_inputs(target, deployment))
        for target in ("debian/12", "debian/13")
        for deployment in (DEPLOYMENT, replace(DEPLOYMENT, suite="x"), replace(DEPLOYMENT, format="x"), None)
    }
    assert len(keys) == 8


def test_packages_sources_and_images_enter_the_final_key_logs_do_not() -> None:
    def key(*names: str) -> str:
        return final_key("s", [INPUT._replace(place=place, artifacts=tuple(artifact(name) for name in names))])

    place = Place.PACKAGES
    assert key("a.deb", "a.buildinfo", "a.changes", "packages.txt") == key("a.deb")
    plain = key()
    for name in ("a.deb", "a.rpm", "a.dsc", "a.tar.xz", "build-depends.dsc"):
        assert key(name) != plain
    place = Place.IMAGE
    assert key(IMAGE_FACTS) != plain


def test_the_final_key_depends_on_bytes_and_places_and_not_on_order_or_task() -> None:
    other = INPUT._replace(artifacts=(artifact("b.deb"),))
    key = final_key("s", [INPUT, other])
    assert final_key("s", [other, INPUT]) == key
    assert final_key("s", [INPUT._replace(task=named("u")), other]) == key
    assert final_key("s", [INPUT._replace(place=Place.BUILD), other]) != key
    assert final_key("s", [INPUT._replace(artifacts=(artifact("a.deb", "6" * 64),)), other]) != key
    assert final_key("t", [INPUT, other]) != key


def test_a_room_on_a_layer_depends_on_what_is_installed_and_not_on_the_files_it_came_from() -> None:
    def key(*files: tuple[str, str]) -> str:
        layer = INPUT._replace(place=Place.LAYER, artifacts=tuple(artifact(*file) for file in files))
        return final_key("s", [layer])

    same = key((INSTALLED, "1" * 64))
    assert key((INSTALLED, "1" * 64), ("archives/a.deb", "2" * 64)) == same
    assert key((INSTALLED, "3" * 64)) != same


def test_the_index_of_an_image_counts_where_something_is_installed_from_it() -> None:
    def covered(stage: Stage) -> dict[str, str]:
        image = INPUT._replace(place=Place.IMAGE, artifacts=(artifact(IMAGE_FACTS), artifact(INDEX_FACTS)))
        return key_inputs({}, [image], kind_of(stage).counts)

    assert list(covered(Stage.BUILD)) == ["image image.json"]
    assert list(covered(Stage.LAYER)) == ["image image.json", "image index.json"]
