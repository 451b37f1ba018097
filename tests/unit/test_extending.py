"""docs/extending.md as it is written: its blocks become files, and what they add is used."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.cli import main as cli_main
from build_env.cli.manifest_actions import compile_to
from build_env.cli.parser import CommandEntry, run_app
from build_env.manifest import registry
from build_env.model.options import ManifestOptions

if TYPE_CHECKING:
    from types import ModuleType

    import pytest

    from tests.support.project import MakeProject

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
BLOCKS = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL))
SCRIPT = """#!/bin/sh
set -eu
case $1 in
--source) echo source >"$BUILD_OUT/$BUILD_PACKAGE.tar" ;;
--build) echo built >"$BUILD_OUT/$BUILD_PACKAGE.note" ;;
esac
"""


def loaded(tmp_path: Path, name: str) -> ModuleType:
    """The module of a block of build-env itself."""
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_text(BLOCKS[name], encoding="utf-8")
    specification = importlib.util.spec_from_file_location(name.removesuffix(".py").replace("/", "."), path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_format_and_a_kind(project: MakeProject) -> None:
    made = project(
        {
            "build-env.toml": "",
            **{name: text for name, text in BLOCKS.items() if not name.startswith("build_env/")},
            "src/one/definition.yaml": "version: '1.0'\n",
            "src/one/note/about.txt": "a package of notes\n",
            "src/one/build.sh": SCRIPT,
        }
    )
    words = ("--target", "here/1", "--engine", "native")
    done = made.run(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split()[:3] for line in done.stdout.splitlines()]
    assert ["ok", "count", "one"] in lines, done.stdout
    assert ["ok", "deploy", "one"] in lines, done.stdout
    assert made.read("build/deploy/note/all/one.note") == "built\n"
    assert "nothing to do" in made.run(*words).stdout
    why = made.run("why", "one", *words, command="build-env").stdout
    assert any(line.split()[:3] == ["hit", "count", "one"] for line in why.splitlines()), why


def test_a_directive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    module = loaded(tmp_path, "build_env/manifest/directives/twice.py")
    monkeypatch.setattr(registry, "DIRECTIVES", (*registry.DIRECTIVES, module.TWICE))
    manifest = tmp_path / "echo.yaml"
    manifest.write_text("echo:\n  otk.twice: hello\n", encoding="utf-8")
    assert compile_to(ManifestOptions(files=(str(manifest),)), None, "", "json") == 0
    assert json.loads(capfdbinary.readouterr().out) == {"echo": "hellohello"}


def test_a_command(
    project: MakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project().root
    module = loaded(tmp_path / "added", "build_env/cli/where.py")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli_main.COMMANDS, "where", CommandEntry("where:where", "The root."))
    assert run_app(cli_main.app, ["where", "--root", str(root)], "build-env") == 0
    assert capsys.readouterr().out == f"{root}\n"
