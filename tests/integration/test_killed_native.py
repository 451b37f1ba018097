"""The real command is killed at each of its writes in turn; the plain command goes on and ends in the same bytes."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.project import MODULES, native_project
from tests.support.tree import outcome

if TYPE_CHECKING:
    from tests.support.project import MakeProject, Project
    from tests.support.tree import Outcome

# One slot, so that the writes come in the same order each time.
COMMAND = ("--target", "here/1", "--engine", "native", "--arch", "amd64", "--jobs", "1")
TARGET = '''"""Fits every machine, and deploys plain files."""

from build_env.hooks import Env, Package

FAMILY = "deb"
PACKAGES = ["one", "two"]


def env_match_current(host: object) -> bool:
    return True


def run_deploy(env: Env, package: Package) -> None:
    env.deploy("deb", suite="stable")
'''
SCRIPT = """#!/bin/sh
set -eu
case $1 in
--source) echo "source of $BUILD_PACKAGE" >"$BUILD_OUT/${BUILD_PACKAGE}_1.0.tar.gz" ;;
--build) echo "build of $BUILD_PACKAGE" >"$BUILD_OUT/${BUILD_PACKAGE}_1.0_$ARCH.deb" ;;
esac
"""
# The points are shared out, so that they run at the same time and none of the tests takes long.
PARTS = 10


@pytest.fixture
def sample(project: MakeProject) -> Project:
    return project(
        {
            **native_project(),
            "targets/here/1/packages.conf.py": TARGET,
            "src/one/build.sh": SCRIPT,
            "src/two/build.sh": SCRIPT,
        }
    )


def first(project: Project) -> None:
    """Nothing was built before."""
    shutil.rmtree(project.root / "build", ignore_errors=True)


def again(project: Project) -> None:
    """Everything was built before, and then a package was edited that the other one needs."""
    first(project)
    project.write({"src/one/build.sh": SCRIPT})
    assert project.run(*COMMAND).returncode == 0
    project.write({"src/one/build.sh": SCRIPT.replace('"build of', '"new build of')})


# Each part has a tenth of the writes; every other one in each run.
@pytest.mark.parametrize(
    "part", [pytest.param(part, marks=pytest.mark.full) if part % 2 else part for part in range(PARTS)]
)
@pytest.mark.parametrize("before", [first, pytest.param(again, marks=pytest.mark.full)])
def test_killed_at_each_write(sample: Project, before: object, part: int) -> None:
    assert callable(before)
    before(sample)
    writes = undisturbed(sample)
    wanted = outcome(sample.root)
    kinds = {line.split()[0] for line in writes}
    assert kinds >= {"commit", "committed", "create", "fsync", "mkdir", "open", "pwrite", "rename", "replace", "unlink"}
    assert len(writes) > 80
    for point in range(1 + part, len(writes) + 1, PARTS):
        before(sample)
        killed, reached = killing(sample, point)
        assert killed == -signal.SIGKILL, f"point {point} of {len(writes)} was not reached"
        go_on(sample, wanted, f"killed at point {point}: {reached[-1]}")


def go_on(project: Project, wanted: Outcome, story: str) -> None:
    """The plain command must succeed and leave the same as an undisturbed run, and nothing else."""
    done = project.run(*COMMAND)
    assert (done.returncode, done.stderr) == (0, ""), f"{story}\n{done.stdout}{done.stderr}"
    found = outcome(project.root)
    assert found.results == wanted.results, story
    assert found.files == wanted.files, story


def undisturbed(project: Project) -> list[str]:
    """Run to the end; the writes on the way."""
    status, writes = killing(project, 0)
    assert status == 0
    return writes


def killing(project: Project, point: int) -> tuple[int, list[str]]:
    """Run the command until it kills itself at that point; its status and the writes that were reached."""
    record = project.root.parent / "record"
    argv = [sys.executable, "-P", "-m", "tests.support.killing", str(record), str(point), "--", MODULES["build-all"]]
    done = subprocess.run(
        [*argv, *COMMAND],
        cwd=project.root,
        env=project._environment({"PYTHONDONTWRITEBYTECODE": "1"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert not done.stderr, done.stderr
    return done.returncode, record.read_text().splitlines()
