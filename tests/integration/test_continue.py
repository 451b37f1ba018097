"""`build-env shell --failed --continue` with a real engine: a task that failed goes on where a person mended it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from build_env.app.project import open_project
from build_env.model.artifact import Isolation
from build_env.model.identity import TaskName
from build_env.store.results import LocalStore, new_run
from tests.support.tiny import SCRIPT, tiny_project, tool_environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.tiny import Tiny

TASK = TaskName("tiny/1", "one", "build", "amd64")
# Two commands: the first must not run again, the second needs a file that nobody gave it.
COMMANDS = """

def run_build(env: Env, package: Package) -> None:
    env.run_command_build(env.path_package_script(package), "--first")
    env.run_command_build(env.path_package_script(package), "--build", f"--arch={env.arch}")
"""
NEEDS = SCRIPT.replace(
    "--build) ", '--first) echo first >>"$BUILD_WORK/first" ;;\n--build) cat "$BUILD_WORK/first" "$BUILD_WORK/wanted"; '
)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tiny]:
    """A project whose build of `one` failed in its second command."""
    with tiny_project(tmp_path) as tiny:
        tiny.package("one", NEEDS)
        tiny.configure(COMMANDS)
        tiny.build().expect(1, "wanted: No such file or directory")
        yield tiny


def shell(project: Tiny, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "shell", *words]
    return subprocess.run(
        argv,
        cwd=project.root,
        env=tool_environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def ranks(project: Tiny) -> list[Isolation]:
    store = LocalStore(open_project(project.root).paths.build, new_run("test"))
    try:
        latest = store.latest(TASK)
    finally:
        store.close()
    return [latest.isolation] if latest else []


def test_a_mended_task_goes_on_from_the_command_that_failed(project: Tiny) -> None:
    mend = "echo mended >$BUILD_WORK/wanted"
    done = shell(project, "--failed", "one", "--continue", "sh", "-c", mend)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines() == ["first", "mended"]
    assert "going on with command 2 of 2" in done.stderr
    made = project.root / "build/continued/tiny-1/one.amd64.build/one.deb"
    assert str(made.relative_to(project.root)) in done.stderr
    assert made.read_bytes() == b"build of one for amd64\n"
    assert ranks(project) == [Isolation.CONTINUED]
    assert project.leftovers(failed=1) == []


def test_the_next_run_takes_no_continued_result(project: Tiny) -> None:
    shell(project, "--failed", "one", "--continue", "sh", "-c", "touch $BUILD_WORK/wanted")
    argv = [sys.executable, "-P", "-m", "build_env.cli.main", "why", "--target", "tiny/1", "one"]
    said = subprocess.run(
        argv, cwd=project.root, env=tool_environment({}), capture_output=True, text=True, timeout=300, check=False
    )
    assert "was continued by hand" in said.stdout
    project.build().expect(1, "wanted: No such file or directory")


def test_what_is_not_mended_fails_again_and_is_kept_as_it_is_then(project: Tiny) -> None:
    again = shell(project, "--failed", "one", "--continue", "touch", "/build/work/trace")
    assert again.returncode == 1
    assert "exit status 1" in again.stderr
    assert ranks(project) == []
    mended = shell(project, "--failed", "one", "--continue", "cp", "/build/work/trace", "/build/work/wanted")
    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert ranks(project) == [Isolation.CONTINUED]


def test_without_a_terminal_it_goes_on_at_once(project: Tiny) -> None:
    done = shell(project, "--failed", "one", "--continue")
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "first"


def test_a_command_that_fails_has_mended_nothing(project: Tiny) -> None:
    done = shell(project, "--failed", "one", "--continue", "sh", "-c", "exit 9")
    assert done.returncode == 9
    assert "going on" not in done.stderr
    assert project.leftovers(failed=1) == []


def test_a_task_whose_source_has_changed_is_another_one(project: Tiny) -> None:
    project.write("src/one/new", "")
    done = shell(project, "--failed", "one", "--continue", "true")
    assert done.returncode == 2
    assert "is not what it was when it failed" in done.stderr


def test_a_source_that_changes_meanwhile_changes_nothing(project: Tiny) -> None:
    mend = ["sh", "-c", "touch $BUILD_WORK/wanted"]
    gate = subprocess.Popen(
        [sys.executable, "-P", "-m", "build_env.cli.main", "shell", "--failed", "one", "--continue", *mend],
        cwd=project.root,
        env=tool_environment({}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with gate:
        assert gate.stderr
        gate.stderr.readline()  # the copy is there: the plan was made before
        project.write("src/one/new", "")
        rest = gate.stderr.read()
    assert gate.returncode == 0, rest
    assert ranks(project) == [Isolation.CONTINUED]


def test_it_is_for_failed_rooms_only(project: Tiny) -> None:
    done = shell(project, "tiny/1", "--continue", "true")
    assert done.returncode == 2
    assert "--continue needs --failed" in done.stderr
