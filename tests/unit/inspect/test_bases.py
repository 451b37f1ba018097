"""Bases of a project: which are needed, how they stand, and what is written into the machine's settings."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from build_env.app.project import Project
from build_env.core.errors import EnvironmentNotReady, InputError, TaskError, UsageError
from build_env.core.paths import ProjectPaths
from build_env.images.bases import STAND_IN, Bases
from build_env.inspect import machine
from build_env.inspect.bases import base_called, map_base, needs_of, reload, state_of, target_needs, unmap_base
from build_env.model.image import ImageDescription
from build_env.model.target import Host
from build_env.settings import load_settings
from build_env.setup.facts import BaseState
from tests.support.machines import CENTOS, DEBIAN
from tests.support.tiny import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.app.containers import Containers

SETTINGS = '# a person wrote this\nbuild_jobs = 3\n\n[base_images]\n"debian:12" = "own:12"\n'


def project_at(root: Path) -> Project:
    paths = ProjectPaths(root=root)
    host = Host(id="debian", version_id="12", codename="bookworm", architecture="amd64")
    return Project(paths=paths, settings=load_settings(paths, {}), host=host, environ={})


@dataclass
class Images:
    """An engine with images; it pulls nothing."""

    there: dict[str, ImageDescription] = field(default_factory=dict)

    def add(self, name: str, architecture: str, stand_in: str = "") -> None:
        labels = {STAND_IN: stand_in} if stand_in else {}
        self.there[name] = ImageDescription(identifier=f"id of {name}", architecture=architecture, labels=labels)

    def describe(self, reference: str) -> ImageDescription | None:
        return self.there.get(reference)

    def pull(self, reference: str, platform: str, output: Callable[[str], None]) -> None:
        output(f"no registry has {reference}")


def containers_of(project: Project, images: Images) -> Containers:
    bases = Bases(images=cast("Any", images), settings=project.settings, temporary=project.paths.rooms)
    return cast("Containers", SimpleNamespace(images=images, bases=bases))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return project_at(tmp_path)


@pytest.fixture
def images() -> Images:
    return Images()


def written(project: Project) -> dict[str, Any]:
    return tomllib.loads((project.paths.private / "settings.toml").read_text())


def test_what_the_shipped_targets_need() -> None:
    project = project_at(REPOSITORY)
    needs = needs_of(project, project.target_names())
    assert needs.faults == ()
    assert needs.families == {"deb", "rpm"}
    assert {need.key: need.bootstrap for need in needs.bases if "debian/12" in need.targets} == {
        "debian:12/amd64": "bookworm"
    }
    assert {need.key for need in needs.bases if "centos/8" in need.targets} == {"centos:8/amd64", "centos:8/arm64"}
    assert needs.foreign("amd64") == ("arm64",)


def test_only_the_architectures_asked_for() -> None:
    assert [need.key for need in target_needs(project_at(REPOSITORY), "centos/8", ("arm64",))] == ["centos:8/arm64"]


def test_the_base_of_a_target_is_known_before_there_is_a_package(tmp_path: Path) -> None:
    project = replace(project_at(tmp_path), paths=ProjectPaths(root=tmp_path, shipped=REPOSITORY))
    assert target_needs(project, "debian/12", ()) == ()
    assert [need.key for need in target_needs(project, "debian/12", (), bare=True)] == ["debian:12/amd64"]
    assert base_called(project, "centos:8", "arm64").key == "centos:8/arm64"


def test_a_target_with_faults_does_not_hide_the_others(project: Project) -> None:
    file = project.paths.targets / "broken" / "1" / "packages.conf.py"
    file.parent.mkdir(parents=True)
    file.write_text("PACKAGE = []\n")
    (fault,) = needs_of(project, ("broken/1",)).faults
    assert fault.name == "target broken/1"
    assert "targets/broken/1/packages.conf.py" in fault.text


def test_the_states_of_a_base(project: Project, images: Images) -> None:
    assert state_of(containers_of(project, images), DEBIAN).state is BaseState.BOOTSTRAP
    assert state_of(containers_of(project, images), CENTOS).state is BaseState.PULL
    images.add("debian:12", "arm64")
    assert state_of(containers_of(project, images), DEBIAN).state is BaseState.BOOTSTRAP
    images.add("debian:12", "amd64")
    assert state_of(containers_of(project, images), DEBIAN).state is BaseState.THERE


def test_a_mapped_base(project: Project, images: Images) -> None:
    images.add("own:8", "arm64", stand_in="centos/8")
    assert map_base(project, containers_of(project, images), "centos:8", "own:8", "arm64") == "centos:8/arm64"
    project = reload(project)
    found = state_of(containers_of(project, images), CENTOS)
    assert (found.state, found.image, found.stand_in) == (BaseState.MAPPED, "own:8", "centos/8")
    images.there.clear()
    found = state_of(containers_of(project, images), CENTOS)
    assert found.state is BaseState.BROKEN
    assert "own:8" in found.text


def test_a_mapping_keeps_other_settings(project: Project, images: Images) -> None:
    project.paths.private.mkdir()
    (project.paths.private / "settings.toml").write_text(SETTINGS)
    images.add("own:8", "arm64")
    map_base(project, containers_of(project, images), "centos:8", "own:8", "")
    assert written(project) == {
        "build_jobs": 3,
        "base_images": {"debian:12": "own:12", "centos:8/arm64": "own:8"},
    }
    assert [path.name for path in project.paths.private.iterdir()] == ["settings.toml"]


def test_an_image_that_is_not_there(project: Project, images: Images) -> None:
    with pytest.raises(EnvironmentNotReady, match="has no image own:8"):
        map_base(project, containers_of(project, images), "centos:8", "own:8", "")
    assert not project.paths.private.exists()


def test_an_image_of_another_architecture(project: Project, images: Images) -> None:
    images.add("own:8", "amd64")
    with pytest.raises(EnvironmentNotReady, match="is for amd64, not for arm64"):
        map_base(project, containers_of(project, images), "centos:8", "own:8", "arm64")
    assert not project.paths.private.exists()


def test_faulty_settings_are_not_written_over(project: Project, images: Images) -> None:
    project.paths.private.mkdir()
    file = project.paths.private / "settings.toml"
    file.write_text("this is = = no TOML")
    images.add("own:8", "arm64")
    with pytest.raises(InputError):
        map_base(project, containers_of(project, images), "centos:8", "own:8", "")
    assert file.read_text() == "this is = = no TOML"


def test_a_mapping_goes_and_comes(project: Project, images: Images) -> None:
    images.add("own:8", "arm64")
    images.add("own:8-amd64", "amd64")
    for name in images.there:
        map_base(project, containers_of(project, images), "centos:8", name, "")
    assert unmap_base(project, "centos:8", "amd64") == ("centos:8/amd64",)
    assert written(project) == {"base_images": {"centos:8/arm64": "own:8"}}
    assert unmap_base(project, "centos:8", "") == ("centos:8/arm64",)
    assert written(project) == {}
    with pytest.raises(UsageError, match="maps no base centos:8"):
        unmap_base(project, "centos:8", "")


@pytest.fixture
def set_up_in(monkeypatch: pytest.MonkeyPatch, images: Images) -> Callable[[Project, Any], list[str]]:
    """Set up for centos/8 with the machine ready and the engine a double; `make` makes the stand-in."""

    def run(project: Project, make: Any) -> list[str]:  # noqa: ANN401 - a double of any shape
        said: list[str] = []
        monkeypatch.setattr(machine, "target_needs", lambda *_: (CENTOS,))
        monkeypatch.setattr(machine, "prepare_machine", lambda *_: None)
        monkeypatch.setattr(machine, "connect_containers", lambda opened, **_: containers_of(opened, images))
        monkeypatch.setattr(machine, "make_stand_in", make)
        machine.set_up(project, ("centos/8",), ("arm64",), said.append)
        return said

    return run


def test_a_base_that_cannot_be_had_gets_a_stand_in(
    project: Project, images: Images, set_up_in: Callable[[Project, Any], list[str]]
) -> None:
    name = "build-env/stand-in:centos-8-arm64"

    def make(*_: object) -> str:
        images.add(name, "arm64", stand_in="centos/8")
        return name

    assert set_up_in(project, make)[-1].startswith(f"STAND-IN: {name} is used as centos:8 arm64")
    assert reload(project).settings.base_images == {"centos:8/arm64": name}
    # Again: made anew only where it changed, and said again.
    assert [line.split()[0] for line in set_up_in(reload(project), make)] == ["STAND-IN:"]
    # Its image was removed: the mapping is ours, so it is made again.
    images.there.clear()
    assert [line.split()[0] for line in set_up_in(reload(project), make)] == ["making", "STAND-IN:"]


def test_a_base_that_is_there_gets_none(
    project: Project, images: Images, set_up_in: Callable[[Project, Any], list[str]]
) -> None:
    images.add("centos:8", "arm64")
    assert set_up_in(project, None) == []


def test_a_mapping_of_a_person_is_left_alone(
    project: Project, images: Images, set_up_in: Callable[[Project, Any], list[str]]
) -> None:
    images.add("own:8", "arm64")
    map_base(project, containers_of(project, images), "centos:8", "own:8", "")
    assert set_up_in(reload(project), None) == []


def test_a_stand_in_that_cannot_be_made(project: Project, set_up_in: Callable[[Project, Any], list[str]]) -> None:
    def make(*_: object) -> str:
        raise TaskError("a step of the Dockerfile failed")

    with pytest.raises(EnvironmentNotReady, match="could not be made") as caught:
        set_up_in(project, make)
    assert "stand-in.arm64.log" in caught.value.hint
    assert not project.paths.private.exists()
