"""A second process that holds a lock of a run, a claim, or both, until it is killed or told to end."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.tiny import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["holding", "let_end"]

_PROGRAM = """
import sys
from pathlib import Path
from build_env.store.runlock import run_lock
from build_env.model.run import Run
from build_env.store.claims import Claims
from build_env.store.results import LocalStore
from tests.support.samples import named

build, run, *names = sys.argv[1:]
identity = Run(id=run, pid=1, began=1.0, command="build-all")
with run_lock(Path(build), identity):
    store = LocalStore(Path(build), identity)
    store.put("whole", b"whole")
    store.begin(named("task"), "key")
    claim = Claims(Path(build) / "claims", f"run {run}").claim(names)
    print("holding" if claim else "taken", flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def holding(build: Path, run: str, *names: str) -> Iterator[subprocess.Popen[str]]:
    """A run of that name that is at work on an attempt and has claimed `names`; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM, str(build), run, *names],
        cwd=REPOSITORY,
        env={"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "holding\n"
            yield process
        finally:
            process.kill()


def let_end(process: subprocess.Popen[str]) -> None:
    """Let the process end as runs do, and wait for it."""
    assert process.stdin is not None
    process.stdin.close()
    process.wait()
