"""`build-env history` in native rooms: what was tried, how it ended, how times developed, and when there is nothing."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import MakeProject, Project

FAILING = "#!/bin/sh\nexit 3\n"


@pytest.fixture
def built(project: MakeProject) -> Project:
    made = project()
    assert made.run("one", "two").returncode == 0
    return made


def history(made: Project, *words: str) -> str:
    answer = made.run("history", *words, command="build-env")
    assert (answer.returncode, answer.stderr) == (0, "")
    return str(answer.stdout)


def test_the_newest_attempt_comes_first_with_how_it_ended(built: Project) -> None:
    built.write({"src/one/build.sh": FAILING})
    assert built.run("one").returncode == 1
    lines = history(built, "one", "--stage", "source").splitlines()
    assert lines[0] == "history 2 attempts, the newest first"
    assert lines[2].split()[3:7] == ["failed", "source", "one", "here/1"]
    assert lines[2].split()[-1] == "native"
    assert lines[3].strip() == "exit status 3"
    assert lines[4].split()[3] == "done"


def test_json_has_every_attempt_of_the_package_and_of_no_other(built: Project) -> None:
    data = json.loads(history(built, "two", "--json"))
    assert {item["subject"] for item in data["attempts"]} == {"two"}
    times = [item["began"] for item in data["attempts"]]
    assert times == sorted(times, reverse=True)
    assert {item["stage"] for item in data["attempts"]} >= {"source", "build"}


def test_the_limit_keeps_the_newest(built: Project) -> None:
    everything = json.loads(history(built, "--json"))["attempts"]
    assert json.loads(history(built, "--json", "--limit", "2"))["attempts"] == everything[:2]
    assert history(built, "--limit", "2").startswith("history the newest 2 attempts, ")


def test_a_trend_compares_the_last_time_with_the_median_before(built: Project) -> None:
    with sqlite3.connect(built.root / "build/store.db") as database:
        row = database.execute("SELECT * FROM attempt WHERE subject = 'one' AND stage = 'source'").fetchone()
        for number, seconds in enumerate((2.0, 4.0, 9.0, 6.0)):
            values = (f"made-{number}", *row[1:8], row[8] - 9 + number, seconds, *row[10:])
            database.execute(f"INSERT INTO attempt VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
        database.execute("UPDATE attempt SET seconds = 7.0 WHERE id = ?", (row[0],))
    assert history(built, "one", "--stage", "source").splitlines()[-1] == (
        "trend   source one here/1: 7.0s, median of the 4 before 5.0s"
    )


def test_what_is_gone_is_still_history(built: Project) -> None:
    built.write({f"src/two/{name}": "" for name in ("definition.yaml", "build.sh")})
    (built.root / "src/two").rmdir()
    (built.root / "targets/here").rename(built.root / "targets/other")
    lines = history(built, "two", "--target", "here", "--stage", "source").splitlines()
    assert lines[2].split()[3:7] == ["done", "source", "two", "here/1"]


def test_what_a_killed_run_had_begun_is_lost(built: Project) -> None:
    with sqlite3.connect(built.root / "build/store.db") as database:
        database.execute("UPDATE attempt SET state = 'running', run = 'dead'")
    assert {item["state"] for item in json.loads(history(built, "--json"))["attempts"]} == {"lost"}


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (("oen",), "there is no package oen (did you mean one?)", "build-env history one\n"),
        (("two",), "two was never built in this checkout", "build-all --target TARGET two"),
        (("one", "--stage", "verify"), "one has no such attempt", "source one here/1"),
        (("one", "--target", "mars"), "there is no target mars", "targets here: here/1"),
        (("one", "--stage", "biuld"), "--stage", "build"),
    ],
)
def test_why_there_is_nothing(project: MakeProject, words: tuple[str, ...], said: str, hint: str) -> None:
    made = project()
    assert made.run("--source", "--build", "one").returncode == 0
    answer = made.run("history", *words, command="build-env")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr
    assert hint in answer.stderr


def test_before_anything_was_built(project: MakeProject) -> None:
    made = project()
    answer = made.run("history", command="build-env")
    assert (answer.returncode, "nothing was built in this checkout" in answer.stderr) == (2, True)
    assert not (made.root / "build").exists()


def test_a_database_that_cannot_be_read_is_explained_and_left_alone(built: Project) -> None:
    (built.root / "build/store.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    answer = built.run("history", "one", command="build-env")
    assert answer.returncode == 4
    assert "build/store.db cannot be read" in answer.stderr
    assert "build-env verify-store --repair" in answer.stderr
    assert (built.root / "build/store.db").stat().st_size == 8016
