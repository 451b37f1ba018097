"""Results come early: a run publishes what is whole while it goes on, and when it is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import PARTS, Shipped

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = ("--target", "debian/12", "--arch", "amd64", "libgreet", "greet")


@pytest.fixture
def project(shipped: Shipped, tmp_path: Path) -> Shipped:
    """A copy of the shipped project that has built nothing."""
    for part in PARTS:
        source = shipped.root / part
        if source.is_dir():
            shutil.copytree(source, tmp_path / part, symlinks=True)
        else:
            shutil.copy2(source, tmp_path / part)
    return Shipped(root=tmp_path)


def published(project: Shipped) -> set[str]:
    """The packages that clients are offered."""
    indexes = list(project.root.glob("build/repositories/main/**/binary-amd64/Packages"))
    return {
        line.removeprefix("Package: ")
        for index in indexes
        for line in index.read_text().splitlines()
        if line.startswith("Package: ")
    }


def test_a_run_that_takes_long_publishes_before_its_end(project: Shipped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUILD_ENV_PUBLISH_EVERY", "0.001")
    said = project.built(*COMMAND)
    lines = said.splitlines()
    early = next(number for number, line in enumerate(lines) if line.startswith("note    published "))
    assert any(line.split()[:3] == ["ok", "deploy", "libgreet"] for line in lines[:early])
    assert not any(line.split()[:3] == ["ok", "deploy", "greet"] for line in lines[:early])
    assert {"libgreet1", "libgreet-dev", "greet"} <= published(project)
    assert project.built(*COMMAND).startswith("done    nothing to do")


def test_a_stopped_run_publishes_what_is_whole(project: Shipped) -> None:
    argv = [sys.executable, "-P", "-m", "build_env.cli.build_all", *COMMAND]
    with subprocess.Popen(argv, cwd=project.root, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stdout
        assert any(line.split()[:3] == ["ok", "deploy", "libgreet"] for line in run.stdout)
        os.killpg(run.pid, signal.SIGINT)
        rest = run.stdout.read()
    assert run.returncode == 130, rest
    assert "published, because whole:" in rest
    offered = published(project)
    assert {"libgreet1", "libgreet-dev"} <= offered
    assert "greet" not in offered
