"""A run with nothing to do executes nothing that plans, builds or publishes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.project import REPOSITORY

if TYPE_CHECKING:
    from tests.support.project import MakeProject

HEAVY = (
    "docker",
    "jinja2",
    "debian",
    "build_env.app.planning",
    "build_env.schedule.loop",
    "build_env.publish.snapshot",
)
PROGRAM = f"""
import sys
from build_env.cli.build_all import main
sys.argv = ["build-all", "one"]
try:
    main()
except SystemExit:
    pass
# A module that waits is there, too, but of another class.
print("executed", [name for name in {HEAVY!r} if type(sys.modules.get(name)) is type(sys)])
"""


def executed(root: str) -> str:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_nothing_heavy_is_executed(project: MakeProject) -> None:
    root = str(project().root)
    assert "build_env.app.planning" in executed(root), "the first run plans"
    answer = executed(root)
    assert "nothing to do" in answer
    assert "executed []" in answer
