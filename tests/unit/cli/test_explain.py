"""`build-env explain`: every code that an error can show has a meaning."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import build_env
from build_env.cli.main import app
from build_env.core.errors import BuildEnvError

PAGE = Path(__file__).parents[3] / "docs/reference/exit-codes.md"


def every(base: type[BuildEnvError]) -> set[type[BuildEnvError]]:
    return {base}.union(*(every(one) for one in base.__subclasses__()))


def test_every_code_is_explained() -> None:
    for module in pkgutil.walk_packages(build_env.__path__, "build_env."):
        importlib.import_module(module.name)
    known = {one.code: one.exit_code for one in every(BuildEnvError) if one.__module__.startswith("build_env.")}
    codes = set(known)
    assert {"defect", "manifest"} <= codes
    page = PAGE.read_text("utf-8")
    assert {word: int(code) for word, code in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)} == known
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == {0, *known.values()}
    # In a process of its own: here all modules are imported now.
    command = [sys.executable, "-P", "-m", "build_env.cli.main", "explain"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert {line.split(" ")[0] for line in listed.splitlines() if line and not line.startswith(" ")} == codes


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("[manifest]", "manifest (exit code 2)\n  A manifest"),
        ("defect", "defect (exit code 70)\n  "),
        ("infrastructure", "infrastructure (exit code 4)\n  The engine or the network failed"),
    ],
)
def test_a_code_is_explained_by_the_most_general_error_that_has_it(code: str, said: str) -> None:
    result = CliRunner().invoke(app, ["explain", code])
    assert result.exit_code == 0
    assert result.output.startswith(said)
