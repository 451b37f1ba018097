"""Collections and remembered plans: what a memory in use refers to stays, and a memory ages by its use."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from build_env.app.build import run_request
from build_env.app.project import open_project
from build_env.app.quick import up_to_date
from build_env.app.session import open_session
from build_env.core.errors import EnvironmentNotReady
from build_env.inspect.gc import collect, survey
from build_env.model.garbage import Kind, LayerLimit
from build_env.model.options import BuildOptions
from build_env.model.result import Status
from build_env.plan.select import Request
from build_env.plancache import watch
from build_env.publish.generation import begin, commit
from build_env.publish.holdings import Held, write_index_record
from build_env.store import digests
from tests.support.project import make_project

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.model.events import Event
    from tests.support.project import Project

OTHER = "#!/bin/sh\necho other >$BUILD_OUT/$BUILD_PACKAGE.txt\n"
REQUEST = Request(packages=("one",))
OPTIONS = BuildOptions(targets=("here/1",), architectures=("amd64",), engine="native")
ALL = LayerLimit()


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project after a run, with a memory that trusts files of any age. Nobody asks an engine."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    for module in (digests, watch):
        monkeypatch.setattr(module, "SLACK", 0)
    project = make_project(tmp_path / "project")
    assert run(project) > 0
    return project


def silent(event: Event) -> None:
    pass


def run(project: Project) -> int:
    """The number of tasks that a run really does."""
    with open_session(open_project(project.root), OPTIONS, writes=True) as session:
        return run_request(session, REQUEST, silent).count(Status.DONE)


def quick(project: Project) -> bool:
    return up_to_date(open_project(project.root), OPTIONS, REQUEST, silent)


def kinds(project: Project, age: float) -> set[Kind]:
    found = survey(open_project(project.root), age, ALL)
    return {item.kind for item in found.garbage} - {Kind.DOWNLOADS}


def memories(project: Project) -> list[Path]:
    return sorted(path for path in (project.root / "build/remembered").iterdir() if path.suffix)


def test_memories_age_by_their_use(made: Project) -> None:
    assert len(memories(made)) == 1
    for path in memories(made):
        os.utime(path, (1, 1))
    assert kinds(made, 3600) == {Kind.MEMORY}
    assert quick(made)
    assert kinds(made, 3600) == set()
    for path in memories(made):
        os.utime(path, (1, 1))
    collect(open_project(made.root), 3600, ALL)
    assert memories(made) == []
    assert not quick(made)
    assert run(made) == 0


def test_caches_of_tools_go_when_nobody_changed_them_for_long(made: Project) -> None:
    for package in ("one", "two"):
        made.write({f"build/caches/own/{package}/here-1.build.amd64/ccache/a": "x"})
    for path in (made.root / "build/caches/own/one").rglob("*"):
        os.utime(path, (1, 1))
    os.utime(made.root / "build/caches/own/one", (1, 1))
    assert kinds(made, 3600) == {Kind.CACHE}
    collect(open_project(made.root), 3600, ALL)
    assert [path.name for path in (made.root / "build/caches/own").iterdir()] == ["two"]


def test_what_a_remembered_plan_refers_to_stays_although_a_later_result_is_there(made: Project) -> None:
    first = made.read("src/one/build.sh")
    made.write({"src/one/build.sh": OTHER})
    assert run(made) > 0
    made.write({"src/one/build.sh": first})
    assert run(made) == 0
    assert quick(made)
    for path in memories(made):
        later = time.time() + 60
        os.utime(path, (later, later))
    collect(open_project(made.root), 0, ALL)
    assert quick(made)
    assert run(made) == 0
    for path in memories(made):
        os.utime(path, (1, 1))
    assert kinds(made, 0) == {Kind.RESULT, Kind.OBJECT, Kind.MEMORY}


def test_what_clients_get_stays(made: Project) -> None:
    """The results that were published stay, until a repository has others."""
    files = [path for path in (made.root / "build/store/objects").rglob("*/*") if path.read_bytes() == b"build\n"]
    built = files[0]
    made.write({"src/one/build.sh": OTHER})
    assert run(made) > 0
    channel = made.root / "build/repositories/main"
    publish_record(channel, {built.name: "pool/x"})
    collect(open_project(made.root), 0, ALL)
    assert built.exists()
    publish_record(channel, {})
    collect(open_project(made.root), 0, ALL)
    assert not built.exists()


def publish_record(channel: Path, holdings: dict[str, str]) -> Path:
    """Make a generation with one view that has these digests; the directory of its index."""
    generation = begin(channel)
    index = generation.new_index("toy@s@here@1")
    held = {digest: Held(path=path, digest=digest) for digest, path in holdings.items()}
    write_index_record(index, {}, held, links={}, key="")
    commit(channel, generation, indexes={"toy@s@here@1": index}, record={}, key=b"", links={})
    return index


def test_a_repository_whose_record_is_damaged_stops_it(made: Project) -> None:
    index = publish_record(made.root / "build/repositories/main", {})
    (index / "holdings").unlink()
    with pytest.raises(EnvironmentNotReady, match="the record of the repository is damaged"):
        collect(open_project(made.root), 0, ALL)
