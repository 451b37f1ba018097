"""`build-env verify-store`: damage of every kind is found, said, and with --repair gone; the next run rebuilds."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from build_env.publish.signing import ensure_project_key
from tests.support.programs import need_programs
from tests.support.repositories import BOOKWORM, deb, publish_to

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import MakeProject, Project


@pytest.fixture
def built(project: MakeProject) -> Project:
    made = project()
    assert made.run("one", "two").returncode == 0
    return made


def verify(made: Project, *words: str, code: int = 0) -> str:
    answer = made.run("verify-store", *words, command="build-env")
    assert (answer.returncode, answer.stderr) == (code, "")
    return str(answer.stdout)


def an_object(made: Project, content: str) -> Path:
    return next(
        path
        for path in (made.root / "build/store/objects").rglob("*")
        if path.is_file() and path.read_text() == content
    )


def change(path: Path) -> None:
    """Other bytes of the same size."""
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def test_nothing_is_damaged(built: Project) -> None:
    lines = verify(built).splitlines()
    assert lines[0].startswith("read    ")
    assert lines[-1] == "done    nothing is damaged"
    assert json.loads(verify(built, "--json"))["rows"] == []


def test_nothing_was_built(project: MakeProject) -> None:
    made = project()
    assert verify(made).splitlines() == ["read    0 results, 0 objects (0 bytes)", "done    nothing is damaged"]
    assert not (made.root / "build").exists()


@pytest.mark.parametrize("how", ["changed", "gone", "directory"])
def test_a_bad_object_and_its_result_are_found_and_made_again(built: Project, how: str) -> None:
    path = an_object(built, "build\n")
    if how == "changed":
        change(path)
    else:
        path.unlink()
        if how == "directory":
            (path / "inside").mkdir(parents=True)
    data = json.loads(verify(built, "--json", code=1))
    assert data["objects"] == ([] if how == "gone" else [f"store/objects/{path.parent.name}/{path.name}"])
    assert {row["task"] for row in data["rows"]} == {"here/1:one:build:amd64", "here/1:two:build:amd64"}
    said = "is no longer there" if how == "gone" else "is damaged"
    assert {row["fault"].partition(" ")[2] for row in data["rows"]} == {said}
    lines = verify(built, code=1).splitlines()
    assert lines[-1] == "next    build-env verify-store --repair"
    assert (
        verify(built, "--repair").splitlines()[-1]
        == "done    what was damaged is removed; the next run builds it again"
    )
    assert verify(built).splitlines()[-1] == "done    nothing is damaged"
    assert not path.exists()
    again = built.run("one", "two")
    assert again.returncode == 0
    assert "build    one" in again.stdout
    assert "source   one" not in again.stdout
    assert path.read_text() == "build\n"


def test_a_row_that_was_changed(built: Project) -> None:
    with sqlite3.connect(built.root / "build/store.db") as database:
        database.execute("UPDATE result SET facts = '{\"x\": \"y\"}' WHERE subject = 'one' AND stage = 'source'")
    assert "of here/1:one:source:source: is not what was written" in verify(built, code=1)
    verify(built, "--repair")
    verify(built)


def test_an_object_that_nothing_needs_is_no_damage(built: Project) -> None:
    with sqlite3.connect(built.root / "build/store.db") as database:
        database.execute("DELETE FROM result")
    data = json.loads(verify(built, "--json"))
    assert data["results"] == 0
    assert data["unreferenced"] == data["checked"] > 0
    assert "no result needs them" in verify(built)


@pytest.mark.parametrize("damage", [b"", b"SQLite format 3\0" + b"\xff" * 8000])
def test_a_database_that_cannot_be_read_is_replaced_only_when_asked(built: Project, damage: bytes) -> None:
    file = built.root / "build/store.db"
    file.write_bytes(damage)
    assert "DAMAGED  build/store.db: " in verify(built, code=1)
    assert file.read_bytes() == damage
    verify(built, "--repair")
    verify(built)
    assert built.run("one").returncode == 0


def test_pages_of_the_database_are_looked_at(built: Project) -> None:
    file = built.root / "build/store.db"
    with sqlite3.connect(file) as database:
        size = database.execute("PRAGMA page_size").fetchone()[0]
        root = database.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'result_by_task'").fetchone()[0]
    data = bytearray(file.read_bytes())
    data[(root - 1) * size : root * size] = b"\xff" * size
    file.write_bytes(data)
    assert "DAMAGED  build/store.db: " in verify(built, code=1)
    verify(built, "--repair")
    verify(built)


def test_nothing_is_mended_while_a_run_is_at_work(built: Project) -> None:
    pipe = built.root / "src/one/pipe"
    os.mkfifo(pipe)
    built.write({"src/one/build.sh": f'#!/bin/sh\necho begun\nread -r word <"{pipe}"\n'})
    with built.start("--log-format", "json", "--source", "one") as run:
        assert any('"line": "begun"' in line for line in run.stdout or ())
        refused = built.run("verify-store", "--repair", command="build-env")
        assert refused.returncode == 4
        assert "is at work (process " in refused.stderr
        assert verify(built)
        pipe.write_text("go\n")
        assert run.stdout is not None
        run.stdout.read()
    assert run.returncode == 0
    verify(built, "--repair")


@pytest.fixture
def published(built: Project, tmp_path: Path) -> Project:
    need_programs("gpg")
    signer = ensure_project_key(tmp_path / "gnupg", "Tests <tests@example.invalid>")
    publish_to(built.root / CHANNEL, BOOKWORM, [deb(tmp_path, "greet")], signer=signer)
    return built


CHANNEL = "build/repositories/main"
PACKAGE = f"{CHANNEL}/deb/pool/main/g/greet/greet_1.0_amd64.deb"


def test_a_damaged_package_in_a_repository_is_found_and_removed(published: Project) -> None:
    assert verify(published).splitlines()[1].startswith("read    ")
    change(published.root / PACKAGE)
    lines = verify(published, code=1).splitlines()
    assert lines[-3:] == [
        f"  DAMAGED  {PACKAGE}",
        "failed  a repository is damaged",
        "next    build-env verify-store --repair",
    ]
    assert json.loads(verify(published, "--json", code=1))["published"]["files"] == [PACKAGE.removeprefix("build/")]
    verify(published, "--repair")
    assert not (published.root / PACKAGE).exists()


def test_a_record_of_a_repository_is_told_and_kept(published: Project) -> None:
    record = published.root / CHANNEL / ".publish/current" / BOOKWORM.name / "holdings"
    record.write_text("nothing")
    for words in ((), ("--repair",)):
        lines = verify(published, *words, code=1).splitlines()
        assert lines[-2] == "failed  the record of a repository is damaged"
        assert "restore the repository from a copy" in lines[-1]
    assert record.read_text() == "nothing"
