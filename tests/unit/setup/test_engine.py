"""How an engine is started: by the init where one runs; what is started in the background holds nothing of ours."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import EnvironmentNotReady
from build_env.setup import engine
from build_env.setup.engine import init_command, start_detached, wait_until

if TYPE_CHECKING:
    from pathlib import Path

REPORT = (
    "import os; print(os.getsid(0) == os.getpid(), os.readlink('/proc/self/fd/0'), sorted(os.listdir('/proc/self/fd')))"
)


@pytest.mark.parametrize(
    ("systemd", "first", "script", "command"),
    [
        (True, "systemd", True, ("systemctl", "start", "docker")),
        (False, "init", True, ("service", "docker", "start")),
        (False, "init", False, ()),
        (False, "sh", True, ()),
    ],
    ids=["systemd", "init", "no script", "container"],
)
def test_who_starts_it(first: str, command: tuple[str, ...], *, systemd: bool, script: bool) -> None:
    assert init_command(systemd=systemd, first_process=first, script=script) == command


def test_a_detached_program_has_its_own_session_and_files(tmp_path: Path) -> None:
    log = tmp_path / "state" / "program.log"
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    try:
        process = start_detached([sys.executable, "-c", REPORT], log)
        assert process.wait() == 0
    finally:
        os.close(reader)
        os.close(writer)
    # The fourth descriptor is that of the listing itself.
    assert log.read_text() == "True /dev/null ['0', '1', '2', '3']\n"


def test_waiting_ends_with_the_answer() -> None:
    answers = iter([False, True])
    wait_until(lambda: next(answers), lambda: True, lambda: EnvironmentNotReady("late"))


def test_waiting_ends_with_the_program() -> None:
    with pytest.raises(EnvironmentNotReady, match="ended"):
        wait_until(lambda: False, lambda: False, lambda: EnvironmentNotReady("ended"))


def test_waiting_ends_with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    with pytest.raises(EnvironmentNotReady, match="late"):
        wait_until(lambda: False, lambda: True, lambda: EnvironmentNotReady("late"), patience=5)


def test_an_engine_that_dies_is_shown_with_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dockerd"
    program.write_text("#!/bin/sh\nfor n in $(seq 40); do echo line $n; done\necho overlay not supported >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(engine, "init_command", lambda **_: ())
    monkeypatch.setattr(engine, "engine_answers", lambda: False)
    said: list[str] = []
    with pytest.raises(EnvironmentNotReady) as caught:
        engine.start_engine((), tmp_path / "log", said.append)
    assert "| overlay not supported" in caught.value.message
    assert "line 1\n" not in caught.value.message
    assert len(said) == 1
