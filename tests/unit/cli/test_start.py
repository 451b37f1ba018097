"""What starting imports: the promise of a quick start, without a clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

from build_env.cli.main import COMMANDS

HEAVY = ("docker", "rich", "jinja2", "yaml", "debian", "createrepo_c", "requests", "sqlite3")
PROBE = """
import sys
from {module} import app
from build_env.cli.parser import run_app
status = run_app(app, {arguments!r}, "x")
# A module that waits (core/later.py) has its place in the table, and nothing of it was executed.
executed = [name for name, module in sys.modules.items() if type(module).__name__ != "_Waiting"]
found = [name for name in executed if name in {heavy!r} or name.startswith(("build_env.app.", "build_env.inspect."))]
sys.exit(f"imported {{found}}" if found else status)
"""


@pytest.mark.parametrize("module", ["build_env.cli.build_all", "build_env.cli.main"])
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["--nonsense"]])
def test_help_imports_nothing_heavy(module: str, arguments: list[str]) -> None:
    program = PROBE.format(module=module, arguments=arguments, heavy=HEAVY)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == (2 if arguments == ["--nonsense"] else 0), result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    program = PROBE.format(module="build_env.cli.main", arguments=[command, "--help"], heavy=HEAVY)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_help_of_one_command_imports_no_other() -> None:
    program = PROBE.format(module="build_env.cli.main", arguments=["list", "--help"], heavy=["build_env.cli.shell"])
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
