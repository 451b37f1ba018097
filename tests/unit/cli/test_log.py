"""`build-env log` in native rooms: after a run, while it is at work, and when there is nothing to show."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.project import MakeProject, Project

STEPWISE = """#!/bin/sh
echo begun
read -r word <"PIPE"
echo "heard $word"
echo ok >"$BUILD_OUT/$BUILD_PACKAGE.txt"
"""


@pytest.fixture
def built(project: MakeProject) -> Project:
    made = project()
    assert made.run("one", "two").returncode == 0
    return made


def log(made: Project, *words: str) -> str:
    answer = made.run("log", *words, command="build-env")
    assert (answer.returncode, answer.stderr) == (0, "")
    return str(answer.stdout)


def test_one_stage(built: Project) -> None:
    assert log(built, "one", "--stage", "source") == "source of one\n"
    assert log(built, "one", "--stage", "build", "--target", "here", "--follow").startswith(
        "build of one\nnote: it left no package"
    )


def test_of_several_the_build_is_shown_and_the_others_are_told_with_a_command(built: Project) -> None:
    newer = built.root / "build/logs/here-1/two.source.log"
    os.utime(newer, (newer.stat().st_mtime + 0.5,) * 2)
    answer = built.run("log", "two", command="build-env")
    assert answer.stdout.startswith("build of two\nnote: it left no package")
    first, second = answer.stderr.splitlines()
    assert first.startswith("note    build two amd64 here/1: done, ")
    assert second == "note      done      build-env log two --stage source"
    assert log(built, *second.split()[4:]) == "source of two\n"


def test_without_a_package_the_newest_build_of_all_is_shown(built: Project) -> None:
    (newer,) = (built.root / "build/logs/here-1").glob("two.*build.log")
    os.utime(newer, (newer.stat().st_mtime + 0.5,) * 2)
    answer = built.run("log", command="build-env")
    assert answer.stdout.startswith("build of two\n")
    assert "note      done      build-env log one --stage source" in answer.stderr.splitlines()


def test_of_several_that_which_failed_is_shown(project: MakeProject) -> None:
    made = project()
    made.write({"src/one/build.sh": '#!/bin/sh\necho "$1 of one"\n[ $1 != --source ] || exit 3\n'})
    assert made.run("one").returncode == 1
    made.write({"src/one/build.sh": '#!/bin/sh\necho "$1 of one"\n'})
    assert made.run("--build", "one").returncode == 0
    made.write({"src/one/build.sh": '#!/bin/sh\necho "$1 of one"\n[ $1 != --source ] || exit 3\n'})
    assert made.run("one").returncode == 1
    answer = made.run("log", "one", command="build-env")
    assert answer.stdout.splitlines()[0] == "--source of one"
    assert "failed, " in answer.stderr.splitlines()[0]


def test_all_are_listed_as_json(built: Project) -> None:
    older = built.root / "build/logs/here-1/two.source.log"
    os.utime(older, (older.stat().st_mtime - 60,) * 2)
    data = json.loads(log(built, "two", "--json"))
    assert [(item["stage"], item["target"], item["state"]) for item in data] == [
        ("build", "here/1", "done"),
        ("source", "here/1", "done"),
    ]
    assert (built.root / data[0]["path"]).is_file()


def test_of_a_log_that_a_killed_attempt_wrote_the_end_of_the_one_before_is_not_told(built: Project) -> None:
    newer = built.root / "build/logs/here-1/one.source.log"
    os.utime(newer, (newer.stat().st_mtime + 60,) * 2)
    assert json.loads(log(built, "one", "--stage", "source", "--json"))[0]["state"] == "ended"


def test_a_definition_that_cannot_be_read_hides_no_log(built: Project) -> None:
    built.write({"src/two/definition.yaml": "[\n"})
    assert log(built, "one", "--stage", "source") == "source of one\n"


def test_what_could_move_the_cursor_is_not_printed(project: MakeProject) -> None:
    made = project()
    made.write({"src/one/build.sh": "#!/bin/sh\nprintf '\\033[2J10%%\\r100%%\\033[0m\\n'\nexit 1\n"})
    assert made.run("one").returncode == 1
    assert log(made, "one").splitlines()[0] == "100%"
    assert json.loads(log(made, "one", "--json"))[0]["state"] == "failed"


def stepwise(made: Project) -> None:
    """Let the package wait for a word in the middle of its stage."""
    pipe = made.root / "src/one/pipe"  # no room gets a copy of it
    os.mkfifo(pipe)
    made.write({"src/one/build.sh": STEPWISE.replace("PIPE", str(pipe))})


def test_following_ends_with_the_task(project: MakeProject) -> None:
    made = project()
    stepwise(made)
    with made.start("--log-format", "json", "--source", "one") as run:
        assert any('"line": "begun"' in line for line in run.stdout or ())
        with made.start("log", "one", "--follow", command="build-env") as follower:
            assert follower.stdout is not None
            assert follower.stdout.readline() == "begun\n"
            assert json.loads(log(made, "one", "--json"))[0]["state"] == "running"
            (made.root / "src/one/pipe").write_text("words\n")
            assert follower.stdout.readline() == "heard words\n"
            assert follower.stdout.read() == ""
        assert follower.returncode == 0
        assert run.stdout is not None
        run.stdout.read()
    assert run.returncode == 0


def test_ctrl_c_ends_the_follower_and_not_the_run(project: MakeProject) -> None:
    made = project()
    stepwise(made)
    with made.start("--log-format", "json", "--source", "one") as run:
        assert any('"line": "begun"' in line for line in run.stdout or ())
        with made.start("log", "one", "--follow", command="build-env") as follower:
            assert follower.stdout is not None
            follower.stdout.readline()
            made.interrupt(follower)
            assert follower.stdout.read() == "stopped\n"
        assert follower.returncode == 130
        assert run.poll() is None
        run.send_signal(signal.SIGKILL)
    assert json.loads(log(made, "one", "--json"))[0]["state"] == "ended"
    (made.root / "src/one/pipe").write_text("words\n")  # lets the script that outlives the run go


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("onne",), "there is no package onne (did you mean one?)"),
        (("three",), "three was never built in this checkout"),
        (("one", "--stage", "biuld"), "--stage takes"),
        (("one", "--stage", "verify"), "there are:"),
        (("one", "--target", "nowhere"), "there is no target nowhere"),
        (("one", "--json", "--follow"), "leave one of them out"),
    ],
)
def test_nothing_to_show(built: Project, words: tuple[str, ...], said: str) -> None:
    built.write({"src/three/build.sh": "#!/bin/sh\n"})
    answer = built.run("log", *words, command="build-env")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr
