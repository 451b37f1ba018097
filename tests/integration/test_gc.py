"""`build-env gc` with a real engine: layers, target images and failed rooms of this checkout, and of no other one."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import docker
import pytest

from tests.support.tiny import SCRIPT, tiny_project, tool_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

INSTALLING = """

def run_build(env: Env, package: Package) -> None:
    env.use("common/install")
    env.install(ImageKind.BUILD, "common/install/install.sh", "WORD")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""
INSTALL = '#!/bin/sh\necho "$1" >/installed\n'
FAILING = SCRIPT.replace("--build) ", "--build) exit 3; ")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    with tiny_project(tmp_path) as tiny:
        tiny.package("one")
        tiny.write("common/install/install.sh", INSTALL, mode=0o755)
        build(tiny, "first")
        yield tiny


def build(project: Tiny, word: str, status: int = 0) -> None:
    project.configure(INSTALLING.replace("WORD", word))
    project.build("--build").expect(status)


def gc(project: Tiny, *words: str) -> dict[str, list[str]]:
    """The names of what would go, or went, by kind."""
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "gc", "--json", *words]
    done = subprocess.run(
        argv, cwd=project.root, env=tool_environment({}), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data: dict[str, Any] = json.loads(done.stdout)
    assert data["engine"]
    found: dict[str, list[str]] = {}
    for item in data["garbage"]:
        found.setdefault(item["kind"], []).append(item["name"])
    return found


def test_a_layer_that_nothing_was_made_on_lately_goes(project: Tiny) -> None:
    (old,) = project.images("/layer:")
    build(project, "second")
    (new,) = set(project.images("/layer:")) - {old}
    assert "layer" not in gc(project)
    assert gc(project, "--older-than", "0")["layer"] == [old]
    assert set(project.images("/layer:")) == {old, new}
    assert gc(project, "--older-than", "0", "--delete")["layer"] == [old]
    assert project.images("/layer:") == [new]
    project.build("--build").expect(0, "nothing to do")
    assert "layer" not in gc(project, "--older-than", "0")
    build(project, "first")
    assert old in project.images("/layer:")


def test_a_limit_takes_layers_that_are_needed_too_and_they_are_made_again(project: Tiny) -> None:
    (layer,) = project.images("/layer:")
    assert gc(project, "--layers-keep", "1") == gc(project)
    assert gc(project, "--layers-keep", "0", "--delete")["layer"] == [layer]
    assert project.images("/layer:") == []
    project.build("--build").expect(0, "nothing to do")
    project.write("src/one/changed", "")
    project.build("--build").expect(0, "ok    build    one amd64")
    assert project.images("/layer:") == [layer]


def test_a_target_image_goes_when_no_result_was_made_in_it(project: Tiny) -> None:
    (old,) = project.images("/tiny-1:")
    project.write("Dockerfiles/tiny.Dockerfile.j2", "FROM {{ base_image }}\nRUN touch /other\n")
    project.build("--build").expect(0)
    (new,) = set(project.images("/tiny-1:")) - {old}
    assert "target image" not in gc(project)
    found = gc(project, "--older-than", "0", "--delete")
    assert found["target image"] == [old]
    assert project.images("/tiny-1:") == [new]
    project.build("--build").expect(0, "nothing to do")
    assert not gc(project, "--older-than", "0").keys() & {"target image", "layer", "result", "object"}


def test_what_another_checkout_made_stays(project: Tiny, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = set(project.images())
    with tiny_project(tmp_path_factory.mktemp("other"), prefix=project.prefix) as other:
        other.package("one")
        other.write("common/install/install.sh", INSTALL, mode=0o755)
        build(other, "first")  # shares what is there
        build(other, "second")
        assert set(other.images()) > before
        own = set(other.images()) - before
        for path in (other.root / "build").glob("store.db*"):
            path.unlink()  # it knows nothing of what it made
        assert set(gc(other, "--older-than", "0", "--delete")["layer"]) == own
        assert set(project.images()) == before
        project.build("--build").expect(0, "nothing to do")


def test_what_a_container_uses_stays(project: Tiny) -> None:
    (old,) = project.images("/layer:")
    build(project, "second")
    with closing(docker.from_env()) as connection:
        container = connection.containers.create(old, ["true"])
        try:
            assert "layer" not in gc(project, "--older-than", "0", "--delete")
        finally:
            container.remove(force=True)
    assert gc(project, "--older-than", "0")["layer"] == [old]


def test_failed_rooms_go_when_they_are_old(project: Tiny) -> None:
    project.write("src/one/build.sh", FAILING, mode=0o755)
    build(project, "first", status=1)
    assert len(project.containers(role="room")) == 1
    assert "failed room" not in gc(project, "--delete")
    assert len(gc(project, "--older-than", "0", "--delete")["failed room"]) == 1
    assert project.leftovers() == []


def test_an_image_that_lost_its_name_goes(project: Tiny) -> None:
    project.build("--build", "--recreate").expect(0)
    lost = gc(project, "--older-than", "0", "--delete")["image without a name"]
    assert lost
    with closing(docker.from_env()) as connection:
        left = {image["Id"] for image in connection.api.images(all=True)}
    assert left.isdisjoint(lost)
    project.build("--build").expect(0, "nothing to do")
