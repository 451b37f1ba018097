"""Owns the starting of a container engine: by the machine's init where one runs, else detached in the background."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady
from build_env.setup.observe import engine_answers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["init_command", "last_lines", "start_detached", "start_engine", "wait_until"]

_PATIENCE = 60.0
_PAUSE = 0.2
_LAST_LINES = 15
_INITS = frozenset({"init", "openrc-init", "runit"})


def init_command(*, systemd: bool, first_process: str, script: bool) -> tuple[str, ...]:
    """The command by which the machine's init starts the engine; empty where no init runs, as in a container."""
    if systemd:
        return ("systemctl", "start", "docker")
    if first_process in _INITS and script:
        return ("service", "docker", "start")
    return ()


def start_engine(prefix: Sequence[str], log: Path, note: Callable[[str], None]) -> None:
    """Start the engine and wait until it answers; raises EnvironmentNotReady with its last words."""
    command = init_command(
        systemd=Path("/run/systemd/system").is_dir(),
        first_process=Path("/proc/1/comm").read_text(encoding="utf-8").strip(),
        script=Path("/etc/init.d/docker").exists(),
    )
    if command:
        note(f"starting the engine: {' '.join(command)}")
        done = subprocess.run(
            [*prefix, *command], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        if done.returncode:
            raise _not_started(done.stdout + done.stderr, " ".join(command))
        wait_until(engine_answers, lambda: True, lambda: _not_started("", " ".join(command)))
        return
    note(f"starting the engine in the background: dockerd, log {log}")
    process = start_detached([*prefix, "dockerd"], log)
    wait_until(engine_answers, lambda: process.poll() is None, lambda: _not_started(_tail(log), f"dockerd, log {log}"))


def start_detached(argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own that holds none of our files."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )


def wait_until(
    answers: Callable[[], bool],
    runs: Callable[[], bool],
    failure: Callable[[], EnvironmentNotReady],
    patience: float = _PATIENCE,
) -> None:
    """Return when `answers`; raise `failure` when it no longer `runs`, or after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not answers():
        if not runs() or time.monotonic() > deadline:
            raise failure()
        time.sleep(_PAUSE)


def last_lines(said: str) -> str:
    """The last lines of what a program said, as they follow a message."""
    return "".join(f"\n        | {line}" for line in said.splitlines()[-_LAST_LINES:] if line.strip())


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""


def _not_started(said: str, command: str) -> EnvironmentNotReady:
    return EnvironmentNotReady(
        f"the engine does not start ({command}){last_lines(said)}",
        hint="its last lines say why; in a container it needs one that runs privileged",
    )
