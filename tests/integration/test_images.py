"""Images that are there, made again, or fetched: what that asks of the engine, and of a registry."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import docker
import pytest

from build_env.engines.docker.connection import connect
from build_env.engines.docker.images import DockerImages
from build_env.engines.docker.rooms import DockerRooms
from build_env.images.bases import Bases
from build_env.settings import Settings
from tests.support.registry import registry
from tests.support.tiny import tiny_project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny


def created(project: Tiny, since: float, **labels: str) -> list[str]:
    """The images of all containers that were made for the project since then."""
    wanted = [f"build-env.{name}={value}" for name, value in {"project": project.identity, **labels}.items()]
    connection = docker.from_env()
    try:
        filters = {"type": "container", "event": "create", "label": wanted}
        until = int(time.time()) + 1
        found = connection.api.events(since=int(since), until=until, filters=filters, decode=True)
        return [event["from"] for event in found]
    finally:
        connection.close()


def test_an_image_of_another_checkout_costs_no_container(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    began = time.time()
    with tiny_project(tmp_path / "first", "one") as first:
        first.build("--build").expect(0)
        assert created(first, began, role="image")
        with tiny_project(tmp_path / "second", "one", prefix=first.prefix) as second:
            second.build("--build").expect(0)
            (log,) = (second.root / "build/logs").rglob("*image.log")
            assert "is there" in log.read_text(encoding="utf-8")
            assert created(second, began, role="room")
            assert not created(second, began, role="image")


@pytest.fixture
def bases(tmp_path: Path) -> Iterator[Bases]:
    """Bases of the engine; what it has of this test goes with it."""
    connection = connect()
    rooms = DockerRooms(connection=connection, project="tests")
    images = DockerImages(connection=connection, rooms=rooms, project="tests")
    prefix = f"build-env-test-{tmp_path.name.lower()}"
    yield Bases(images=images, settings=Settings(image_prefix=prefix), temporary=tmp_path)
    for image in connection.api.images():
        for tag in image["RepoTags"] or ():
            if prefix in tag or tag.endswith("/tiny:1"):
                connection.api.remove_image(tag)
    connection.close()


def again(bases: Bases, reference: str) -> list[str]:
    """What is said when a new run asks for the base again."""
    said: list[str] = []
    replace(bases, _renewed=set()).renew(reference, "amd64", said.append)
    return [line for line in said if "Pull" not in line]


def test_a_base_is_asked_for_again_and_kept_where_no_registry_gives_it(bases: Bases) -> None:
    with registry() as served:
        first = served.put("first")
        base = bases.resolve(served.image, "amd64", "", lambda _line: None)
        assert base.identity == first
        assert again(bases, served.image)[-1] == f"{served.image} is what the registry has"
        second = served.put("second")
        assert bases.resolve(served.image, "amd64", "", lambda _line: None).identity == first
        assert again(bases, served.image)[-1].endswith(f"{first} before, {second} from here on")
        served.put("third", architecture="arm64")
        assert "stays as it is" in again(bases, served.image)[-1]
        found = bases.find(served.image, "amd64")
        assert found
        assert found.identity == second
    assert again(bases, served.image)[-1].endswith(f"{base.reference} stays as it is, less than an hour old")
    assert bases.find(served.image, "amd64") == found


def test_a_registry_is_asked_again_once_in_a_run(bases: Bases) -> None:
    with registry() as served:
        served.put("text")
        bases.resolve(served.image, "amd64", "", lambda _line: None)
        said: list[str] = []
        for _ in range(2):
            bases.renew(served.image, "amd64", said.append)
        assert sum("asking the registry" in line for line in said) == 1
