"""`build-env shell` with a real engine: the copy of a failed room, and what is left afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.app.project import open_project
from build_env.engines.docker.connection import Connection, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.project import MakeProject, Project

BASE = "debian:12"
TASK = "here/1:greet:build:amd64"


@pytest.fixture(scope="module")
def engine() -> Connection:
    return connect()


@pytest.fixture
def failed(project: MakeProject, engine: Connection) -> Iterator[Project]:
    """A project whose task failed: its stopped container is all that is left of it."""
    made = project()
    identity = open_project(made.root).checkout
    parts = zip(("target", "subject", "stage", "architecture"), TASK.split(":"), strict=True)
    labels = {"build-env.project": identity, "build-env.role": "room"}
    labels |= {f"build-env.{name}": value for name, value in parts}
    created = engine.api.create_container(
        BASE,
        ["sh", "-c", "echo broken >/tmp/trace; exit 3"],
        user="1000:1000",
        environment={"BUILD_PACKAGE": "greet"},
        working_dir="/tmp",  # noqa: S108 - of the container
        labels=labels,
        name=f"build-env-failed-{identity}",
    )
    try:
        engine.api.start(created["Id"])
        engine.api.wait(created["Id"])
        yield made
    finally:
        engine.remove(created["Id"])


def images(engine: Connection) -> set[str]:
    return {image["Id"] for image in engine.api.images(all=True)}


def test_the_room_is_as_it_was_without_network(failed: Project) -> None:
    script = "cat trace; id -u; pwd; echo $BUILD_PACKAGE; ls /sys/class/net; echo apart >&2"
    result = failed.run("shell", "--failed", "greet", "sh", "-c", script, command="build-env")
    assert result.returncode == 0
    assert result.stdout.splitlines() == ["broken", "1000", "/tmp", "greet", "lo"]  # noqa: S108
    assert result.stderr.splitlines()[-1] == "apart"


def test_the_status_is_the_commands_and_nothing_is_left(failed: Project, engine: Connection) -> None:
    before = images(engine)
    result = failed.run("shell", "--failed", "greet:build:amd64", "sh", "-c", "exit 7", command="build-env")
    assert result.returncode == 7
    assert not images(engine) - before
    assert not engine.containers(project=open_project(failed.root).checkout, role="shell")


def test_what_is_changed_in_the_copy_does_not_stay(failed: Project) -> None:
    failed.run("shell", "--failed", "greet", "rm", "trace", command="build-env")
    assert failed.run("shell", "--failed", "greet", "cat", "trace", command="build-env").stdout == "broken\n"


def test_a_room_of_another_package_is_not_taken(failed: Project) -> None:
    result = failed.run("shell", "--failed", "hello", "ls", command="build-env")
    assert result.returncode == 2
    assert TASK in result.stderr
