"""`build-env reproduce` with real rooms: packages that let the room into their results, one by one."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.tiny import TARGET, Answer, tiny_project, tool_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

SCRIPT = """#!/bin/sh
set -eu
if [ "$1" = --source ]; then
    echo "source of $BUILD_PACKAGE" >"$BUILD_OUT/$BUILD_PACKAGE.tar"
    uname -n >"$BUILD_OUT/$BUILD_PACKAGE.buildinfo"
    exit
fi
tree=$BUILD_WORK/tree
mkdir -p "$tree/DEBIAN"
cd "$tree"
BODY
chmod 755 . DEBIAN
cat >DEBIAN/control <<END
Package: $BUILD_PACKAGE
Version: 1
Architecture: amd64
Maintainer: T <t@example.invalid>
Description: of the tests
END
chmod 644 DEBIAN/control
dpkg-deb --root-owner-group --build . "$BUILD_OUT/$BUILD_PACKAGE.deb"
"""
STEADY = "umask 022; echo always the same >notes"
BODIES = {
    "named": ("uname -n >notes; chmod 644 notes", "content from byte 0"),
    "owned": ("id -u >notes; chmod 644 notes", "content from byte 0"),
    "masked": ("echo text >notes", "mode"),
    "counted": ("nproc >notes; chmod 644 notes", "content from byte 0"),
    "spoken": ("locale charmap >notes; chmod 644 notes", "content from byte 0"),
    "listed": (
        "mkdir ../d; touch ../d/b ../d/a ../d/c ../d/d; ls -U ../d >notes; chmod 644 notes",
        "content from byte",
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    with tiny_project(tmp_path_factory.mktemp("reproduce")) as tiny:
        tiny.package("steady", SCRIPT.replace("BODY", STEADY))
        tiny.package("refusing", SCRIPT.replace("BODY", 'test "$(uname -n)" = build-env'))
        tiny.package("slow", SCRIPT.replace("BODY", "exec sleep 600"))
        for name, (body, _) in BODIES.items():
            tiny.package(name, SCRIPT.replace("BODY", body))
        yield tiny


def ask(project: Tiny, command: str, *words: str) -> Answer:
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", command, *words, "--target", TARGET]
    done = subprocess.run(argv, cwd=project.root, env=tool_environment({}), capture_output=True, text=True, check=False)
    return Answer(status=done.returncode, text=done.stdout if done.returncode in {0, 1} else done.stderr)


def test_what_does_not_look_at_its_room_is_the_same(project: Tiny, tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    found = json.loads(ask(project, "reproduce", "steady", "--json", "--keep", str(keep)).expect(0).text)
    assert found["same"] is True
    source, build = found["tasks"]
    assert {item["name"]: item["verdict"] for item in source["artifacts"]} == {
        "steady.buildinfo": "expected",
        "steady.tar": "same",
    }
    facts = {fact["name"]: (fact["first"], fact["second"]) for fact in build["facts"]}
    varied = {name for name, (first, second) in facts.items() if first != second}
    assert varied >= {"host name", "user", "umask", "locale", "file order"}
    assert (keep / "first/build.amd64/steady.deb").read_bytes() == (keep / "second/build.amd64/steady.deb").read_bytes()


def test_nothing_is_recorded_or_deployed_and_nothing_is_left(project: Tiny) -> None:
    ask(project, "reproduce", "steady").expect(0, "done    steady is reproducible")
    plan = ask(project, "plan", "--all", "steady").expect(0).text
    lines = {line.split()[0]: line for line in plan.splitlines()[1:]}
    assert "hit" in lines["source"]
    assert "no result is recorded" in lines["build"]
    assert not (project.root / "build/deploy").exists()
    assert not project.leftovers(failed=1)


@pytest.mark.parametrize("name", BODIES)
def test_the_member_that_tells_of_the_room_is_named(project: Tiny, name: str) -> None:
    what = BODIES[name][1]
    answer = ask(project, "reproduce", name)
    answer.expect(1, f"data.tar.xz: ./notes: {what}", f"failed  {name} is not reproducible: 1 of 2 artifacts differs")


def test_ctrl_c_stops_it_and_the_next_command_finds_no_trace(project: Tiny) -> None:
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "reproduce", "slow", "--target", TARGET]
    process = subprocess.Popen(
        argv, cwd=project.root, env=tool_environment({}), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        said = ""
        for line in process.stderr or ():
            said += line
            if line.startswith("note    doing build slow"):
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    ask(project, "reproduce", "steady").expect(0)
    assert not project.leftovers(failed=1)


def test_a_build_that_fails_in_the_second_room_says_where_its_log_is(project: Tiny) -> None:
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "reproduce", "refusing", "--target", TARGET]
    done = subprocess.run(argv, cwd=project.root, env=tool_environment({}), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "failed in the second room: exit status 1" in done.stderr
    log = next(word.strip(";") for word in done.stderr.split() if word.startswith("build/logs/"))
    assert "command 1 of 1 failed" in (project.root / log).read_text()
