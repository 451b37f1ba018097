"""`build-env gc` in native rooms: what would go, what goes, what stays, and that runs and it keep out of each other."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
from typing import TYPE_CHECKING, Any

import pytest

from build_env.core.canonical import digest_bytes
from build_env.core.errors import EnvironmentNotReady
from build_env.model.run import Run
from build_env.store.runlock import no_runs, run_lock
from tests.support.project import SCRIPT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import MakeProject, Project

NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent/docker.sock"}
OTHER = "#!/bin/sh\necho other >$BUILD_OUT/$BUILD_PACKAGE.txt\n"


@pytest.fixture
def built(project: MakeProject) -> Project:
    made = project()
    assert made.run("one", "two").returncode == 0
    shutil.rmtree(made.root / "build/downloads")  # a run makes a directory for each package, and leaves it empty
    return made


def gc(made: Project, *words: str) -> str:
    answer = made.run("gc", *words, command="build-env", environment=NO_ENGINE)
    assert (answer.returncode, answer.stderr) == (0, "")
    return str(answer.stdout)


def kinds(made: Project, *words: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for item in garbage(made, *words):
        found.setdefault(item["kind"], []).append(item["name"])
    return found


def garbage(made: Project, *words: str) -> list[dict[str, Any]]:
    return list(json.loads(gc(made, "--json", *words))["garbage"])


def objects(made: Project) -> set[Path]:
    return {path for path in (made.root / "build/store/objects").rglob("*") if path.is_file()}


def test_what_is_up_to_date_stays(built: Project) -> None:
    before = objects(built)
    note = "note    no container engine answers: its images and rooms were not looked at"
    assert gc(built).splitlines() == [note, "done    nothing to remove"]
    sources = {path for path in before if path.read_text(encoding="utf-8") == SCRIPT}
    gc(built, "--older-than", "0", "--delete")
    assert objects(built) == before - sources, "what tasks were made from is in the checkout"
    assert "nothing to do" in built.run("one", "two").stdout


def test_what_nothing_needs_is_named_and_with_delete_it_goes(built: Project) -> None:
    for word in ("first", "second"):
        built.write({"src/one/build.sh": OTHER.replace("other", word)})
        assert built.run("one", "two").returncode == 0
    shutil.rmtree(built.root / "build/downloads")
    before = objects(built)
    assert gc(built) == gc(built, "--older-than", "1h")
    found = kinds(built, "--older-than", "0")
    assert any(name.startswith("here/1:one:build:amd64 ") for name in found["result"])
    lines = gc(built, "--older-than", "0").splitlines()
    assert lines[1] == "unused  what nothing needs any more"
    assert lines[-1].startswith("next    build-env gc --older-than 0 --delete   (frees ")
    assert objects(built) == before
    done = gc(built, "--older-than", "0", "--delete").splitlines()
    assert done[1] == "removed"
    assert {path.name for path in before - objects(built)} >= {digest_bytes(b"first\n")}
    assert {path.name for path in before - objects(built)} == {name.rpartition("/")[2] for name in found["object"]}
    assert "nothing to do" in built.run("one", "two").stdout
    assert not kinds(built, "--older-than", "0").keys() - {"empty download directory", "remembered plan"}
    assert built.run("verify-store", command="build-env").returncode == 0


def test_why_can_still_name_the_file_that_changed(built: Project) -> None:
    gc(built, "--older-than", "0", "--delete")
    built.write({"src/one/build.sh": OTHER})
    answer = built.run("why", "one", command="build-env")
    assert "src/one/build.sh changed" in answer.stdout


def test_what_is_left_of_a_package_that_is_gone_goes(built: Project) -> None:
    shutil.rmtree(built.root / "src/two")
    built.write(
        {"targets/here/1/packages.conf.py": built.read("targets/here/1/packages.conf.py").replace(', "two"', "")}
    )
    found = kinds(built, "--older-than", "0")["result"]
    assert found
    assert {name.split(":")[1] for name in found} == {"two"}


def test_other_leftovers(built: Project) -> None:
    build = built.root / "build"
    for name in ("downloads/empty", "downloads/full", "rooms/dead/out", "continued/here-1/one", "continued/here-1/new"):
        (build / name).mkdir(parents=True)
    (build / "downloads/full/x.tar").write_text("x")
    (build / "continued/here-1/one/one.deb").write_text("one")
    for path in (build / "continued/here-1/one/one.deb", build / "continued/here-1/one"):
        os.utime(path, (1, 1))
    assert kinds(built) == {
        "empty download directory": ["downloads/empty"],
        "directory of a dead run": ["rooms/dead"],
        "result of a continued task": ["continued/here-1/one"],
    }
    assert "rooms/dead" in gc(built)
    gc(built, "--delete")
    assert not kinds(built)
    assert (build / "downloads/full/x.tar").exists()
    assert (build / "continued/here-1/new").exists()


def test_a_room_that_somebody_has_locked_is_in_use(built: Project) -> None:
    room = built.root / "build/rooms/bootstrap"
    room.mkdir(parents=True)
    handle = os.open(room, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert not kinds(built)
    finally:
        os.close(handle)
    assert kinds(built) == {"directory of a dead run": ["rooms/bootstrap"]}


def test_where_nothing_was_built(project: MakeProject) -> None:
    made = project()
    assert gc(made, "--delete").splitlines()[-1] == "done    nothing to remove"
    assert not (made.root / "build").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--older-than", "14"), "--older-than 14 is no age"),
        (("--layers-keep", "much"), "--layers-keep much is no limit"),
        (("--layers-keep", "-1"), "--layers-keep -1 is no limit"),
    ],
)
def test_wrong_values(built: Project, words: tuple[str, ...], said: str) -> None:
    answer = built.run("gc", *words, command="build-env", environment=NO_ENGINE)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr


def test_a_database_that_cannot_be_read_says_nothing_of_what_is_needed(built: Project) -> None:
    (built.root / "build/store.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    before = objects(built)
    answer = built.run("gc", "--older-than", "0", "--delete", command="build-env", environment=NO_ENGINE)
    assert answer.returncode == 4
    assert "build-env verify-store --repair" in answer.stderr
    assert objects(built) == before


def test_nothing_goes_while_a_run_is_at_work(built: Project) -> None:
    with run_lock(built.root / "build", Run(id="own", pid=42, began=1.0)):
        answer = built.run("gc", "--delete", command="build-env", environment=NO_ENGINE)
        assert answer.returncode == 4
        assert "run own is at work (process 42)" in answer.stderr
        assert gc(built)  # looking is free
    gc(built, "--delete")


def test_a_run_that_begins_meanwhile_waits(tmp_path: Path) -> None:
    order: list[str] = []

    def run() -> None:
        with run_lock(tmp_path, Run(id="late", pid=1, began=1.0)):
            order.append("run")

    thread = threading.Thread(target=run)
    with no_runs(tmp_path, "gc"):
        thread.start()
        thread.join(0.2)
        order.append("gc")
    thread.join()
    assert order == ["gc", "run"]


def test_who_removes_does_not_wait_for_runs(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path, Run(id="own", pid=1, began=1.0)),
        pytest.raises(EnvironmentNotReady),
        no_runs(tmp_path, "gc"),
    ):
        pass
    with no_runs(tmp_path, "gc"):
        pass
