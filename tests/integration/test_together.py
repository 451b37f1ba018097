"""Several real `build-all` at work in one tree: nothing is done twice, nobody fails, the bytes are those of one run."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.project import native_project
from tests.support.tree import attempts, outcome

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.support.project import MakeProject, Project
    from tests.support.tree import Outcome

TARGET = '''"""Fits every machine, and deploys plain files."""

from build_env.hooks import Env, Package

FAMILY = "deb"
PACKAGES = ["a", "b", "c", "d"]


def env_match_current(host: object) -> bool:
    return True


def run_deploy(env: Env, package: Package) -> None:
    env.deploy("deb", suite="stable")
'''
# Each stage notes that it runs, in a place that the plan does not know; the build of `a` waits where there is a gate.
SCRIPT = """#!/bin/sh
set -eu
echo "$BUILD_PACKAGE $1" >>"{counted}"
if [ "$BUILD_PACKAGE$1" = a--build ] && [ -e "{gate}" ]; then echo waiting; cat "{gate}"; fi
case $1 in
--source) echo "source of $BUILD_PACKAGE" >"$BUILD_OUT/${{BUILD_PACKAGE}}_1.0.tar.gz" ;;
--build) echo "build of $BUILD_PACKAGE" >"$BUILD_OUT/${{BUILD_PACKAGE}}_1.0_$ARCH.deb" ;;
esac
"""
COMMAND = ("--target", "here/1", "--engine", "native", "--arch", "amd64", "--log-format", "json")


@pytest.fixture
def sample(project: MakeProject) -> Project:
    """Packages `b` and `c` need `a`, and `d` needs `b`."""
    made = project({**native_project(), "targets/here/1/packages.conf.py": TARGET})
    script = SCRIPT.format(counted=made.root.parent / "counted", gate=made.root.parent / "gate")
    for name, needs in {"a": "", "b": "a", "c": "a", "d": "b"}.items():
        text = f"version: '1.0'\nrequires: [{needs}]\n"
        made.write({f"src/{name}/definition.yaml": text, f"src/{name}/build.sh": script})
    return made


@pytest.fixture
def wanted(sample: Project) -> Outcome:
    """What a single run leaves; then everything is as before it."""
    done = sample.run(*COMMAND)
    assert done.returncode == 0, done.stdout
    found = outcome(sample.root)
    shutil.rmtree(sample.root / "build")
    (sample.root.parent / "counted").unlink()
    return found


def closed_gate(project: Project) -> Path:
    gate = project.root.parent / "gate"
    os.mkfifo(gate)
    return gate


def counted(project: Project) -> Counter[str]:
    """How often each stage ran."""
    return Counter((project.root.parent / "counted").read_text().splitlines())


@contextmanager
def started(project: Project, *words: str) -> Iterator[subprocess.Popen[str]]:
    with project.start(*COMMAND, *words) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def await_line(process: subprocess.Popen[str], words: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))


def succeed(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert '"status": "failed"' not in said
    assert '"event": "task-retried"' not in said
    return said


def succeed_alone(project: Project) -> None:
    with started(project) as process:
        succeed(process)


def room_processes(project: Project) -> list[str]:
    """The processes of rooms of the project."""
    own = f"BUILD_OUT={project.root.resolve()}/build/rooms/".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if own in (entry / "environ").read_bytes():
                found.append(entry.name)
    return found


@pytest.mark.parametrize("runs", [2, 5])
def test_the_same_command_at_once(sample: Project, wanted: Outcome, runs: int) -> None:
    with ExitStack() as stack:
        for process in [stack.enter_context(started(sample)) for _ in range(runs)]:
            succeed(process)
    assert set(counted(sample).values()) == {1}
    assert len(counted(sample)) == 8
    assert Counter(attempts(sample.root)) == Counter({(task, "done"): 1 for task, _ in attempts(sample.root)})
    assert outcome(sample.root) == wanted


def test_selections_that_overlap(sample: Project, wanted: Outcome) -> None:
    with ExitStack() as stack:
        selections = [("b", "c"), ("d",), ("c", "d")]
        for process in [stack.enter_context(started(sample, *words)) for words in selections]:
            succeed(process)
    assert set(counted(sample).values()) == {1}
    succeed_alone(sample)
    assert set(counted(sample).values()) == {1}
    assert outcome(sample.root) == wanted


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_first_is_stopped_while_the_second_waits_for_it(
    sample: Project, wanted: Outcome, number: signal.Signals
) -> None:
    gate = closed_gate(sample)
    with ExitStack() as stack:
        first = stack.enter_context(started(sample))
        await_line(first, '"line": "waiting"')
        second = stack.enter_context(started(sample))
        await_line(second, "does it now")
        gate.unlink()  # the second try finds none
        first.send_signal(number)
        succeed(second)
        assert first.wait(timeout=60) == (130 if number is signal.SIGINT else -signal.SIGKILL)
    assert counted(sample)["a --build"] == 2
    assert all(count == 1 for stage, count in counted(sample).items() if stage != "a --build")
    succeed_alone(sample)
    assert outcome(sample.root) == wanted
    assert room_processes(sample) == []


def test_the_second_is_stopped_while_it_waits(sample: Project, wanted: Outcome) -> None:
    gate = closed_gate(sample)
    with ExitStack() as stack:
        first = stack.enter_context(started(sample))
        await_line(first, '"line": "waiting"')
        second = stack.enter_context(started(sample))
        await_line(second, "does it now")
        second.send_signal(signal.SIGINT)
        assert second.wait(timeout=60) == 130
        gate.write_text("go on")
        gate.unlink()
        succeed(first)
    assert set(counted(sample).values()) == {1}
    succeed_alone(sample)
    assert outcome(sample.root) == wanted
    assert room_processes(sample) == []
