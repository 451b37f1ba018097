"""The real command on a store that is damaged, and beside another run; native rooms, so that no engine is needed."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.project import SCRIPT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.project import MakeProject, Project

_REPLACED = "store.db could not be read ("


@pytest.fixture
def sample(project: MakeProject) -> Project:
    made = project()
    first = made.run("one")
    assert first.returncode == 0, first.stderr
    return made


def objects(project: Project) -> list[Path]:
    return [path for path in (project.root / "build/store/objects").rglob("*") if path.is_file()]


def outputs(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in objects(project)}


def left_over(project: Project) -> list[str]:
    places = ("build/rooms", "build/runs", "build/claims", "build/store/temporary")
    return [str(path) for place in places for path in (project.root / place).glob("*")]


@pytest.mark.parametrize("length", [0, 1, 99, 512, 4096, 8192])
def test_a_database_that_is_cut_short(sample: Project, length: int) -> None:
    database, before = sample.root / "build/store.db", outputs(sample)
    database.write_bytes(database.read_bytes()[:length])
    again = sample.run("one")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.count(_REPLACED) == 1, again.stdout
    assert "2 to run" in again.stdout
    assert outputs(sample) == before
    assert "nothing to do" in sample.run("one").stdout
    assert left_over(sample) == []


def test_a_look_ahead_says_it_too(sample: Project) -> None:
    """It has no lock of a run, and a run may be at work: what it finds stays as it is."""
    database = sample.root / "build/store.db"
    database.write_bytes(b"garbage" * 1000)
    assert _REPLACED in sample.run("--dry-run", "one").stdout
    assert _REPLACED in sample.run("why", "one", command="build-env").stderr
    assert database.read_bytes() == b"garbage" * 1000
    assert _REPLACED in sample.run("one").stdout
    assert "nothing to do" in sample.run("one").stdout


def test_a_look_ahead_in_a_new_checkout_makes_no_store(project: MakeProject) -> None:
    made = project()
    assert made.run("--dry-run", "one").returncode == 0
    assert not (made.root / "build/store.db").exists()


@pytest.mark.parametrize("harm", ["zeros", "short", "gone", "all gone"])
def test_objects_that_are_not_what_they_were(sample: Project, harm: str) -> None:
    before = outputs(sample)
    if harm == "all gone":
        shutil.rmtree(sample.root / "build/store")
    for path in objects(sample):
        path.chmod(0o644)
        data = path.read_bytes()
        path.write_bytes(bytes(len(data)) if harm == "zeros" else data[:-1])
        if harm == "gone":
            path.unlink()
    ahead = sample.run("--dry-run", "one").stdout
    words = {"zeros": "what it made is damaged", "short": "what it made is damaged"}
    assert words.get(harm, "what it made is no longer there") in ahead
    again = sample.run("one")
    assert (again.returncode, again.stderr) == (0, "")
    assert {name: data for name, data in outputs(sample).items() if name in before} == before
    assert "nothing to do" in sample.run("one").stdout


def test_a_second_run_leaves_the_first_alone_and_the_next_one_sweeps_it_when_it_was_killed(sample: Project) -> None:
    gate = sample.root / "gate"
    os.mkfifo(gate)
    waits = f'if [ "$stage" = build ]; then echo hanging; exec cat {gate}; fi'
    sample.write({"src/two/build.sh": f"{SCRIPT}{waits}\n"})
    with sample.start("--log-format", "json", "two") as first:
        try:
            assert first.stdout is not None
            assert any('"line": "hanging"' in line for line in first.stdout)
            there = set(left_over(sample))
            assert any("build/rooms/" in path for path in there)
            second = sample.run("one")
            assert (second.returncode, second.stderr) == (0, "")
            assert set(left_over(sample)) == there
        finally:
            first.send_signal(signal.SIGKILL)
            gate.open("w").close()  # its room's process outlives it
    sample.write({"src/two/build.sh": SCRIPT})
    assert sample.run("one").returncode == 0
    assert left_over(sample) == []
    assert sample.run("two").returncode == 0
