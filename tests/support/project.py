"""Small projects in temporary directories, and the real commands run in them.

`native_project()` needs no container engine: its target fits every machine, and its packages are shell scripts that
write a file. Merge other files over it to test something else; an empty text removes a file.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NATIVE_TARGET", "SCRIPT", "MakeProject", "Project", "make_project", "native_project"]

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds a command may take before the test fails
MODULES = {"build-all": "build_env.cli.build_all", "build-env": "build_env.cli.main"}

NATIVE_TARGET = '''"""Fits every machine; the packages bring their own scripts."""

PACKAGES = ["one", "two"]


def env_match_current(host):
    return True
'''

SCRIPT = """#!/bin/sh
set -eu
stage=${1#--}
echo "$stage of $BUILD_PACKAGE"
echo "$stage" >"$BUILD_OUT/$BUILD_PACKAGE.$stage.txt"
"""


def native_project() -> dict[str, str]:
    """The files of a project with the target `here/1` and the packages `one` and `two`, which needs `one`."""
    return {
        "build-env.toml": "",
        "targets/here/1/packages.conf.py": NATIVE_TARGET,
        "src/one/definition.yaml": "version: '1.0'\nsummary: The first\ndate: 2025-10-01\n",
        "src/one/build.sh": SCRIPT,
        "src/two/definition.yaml": "version: '2.0'\nsummary: The second\nrequires: [one]\ndate: 2025-10-01\n",
        "src/two/build.sh": SCRIPT,
    }


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project on disk. `environment` is added to the clean environment of the commands."""

    root: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, programs (`#!`) executable; an empty text removes a file, except `build-env.toml`."""
        for name, text in files.items():
            path = self.root / name
            if not text and path.name != "build-env.toml":
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755 if text.startswith("#!") else 0o644)

    def read(self, name: str) -> str:
        """A file of the project."""
        return (self.root / name).read_text(encoding="utf-8")

    def listing(self) -> set[str]:
        """Every file below the root, for tests that nothing is left behind."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def run(
        self, *arguments: str, command: str = "build-all", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the project to its end; its standard output and standard error are apart."""
        return subprocess.run(
            self._argv(command, arguments),
            cwd=self.root,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(
        self, *arguments: str, command: str = "build-all", environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a command in a session of its own; `interrupt` presses Ctrl-C."""
        return subprocess.Popen(
            self._argv(command, arguments),
            cwd=self.root,
            env=self._environment(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @staticmethod
    def interrupt(process: subprocess.Popen[str]) -> None:
        """What a terminal does on Ctrl-C: SIGINT for the whole group."""
        os.killpg(process.pid, signal.SIGINT)

    @staticmethod
    def _argv(command: str, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-P", "-m", MODULES[command], *arguments]

    def _environment(self, more: Mapping[str, str] | None) -> dict[str, str]:
        """Nothing of the caller's but what finds programs and the engine."""
        kept = {name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ}
        own = {"HOME": str(self.root), "LC_ALL": "C.UTF-8", "TERM": "dumb", "PYTHONPATH": str(REPOSITORY)}
        return {**kept, **own, **self.environment, **(more or {})}


class MakeProject(Protocol):
    """The fixture `project`: makes a project in the test's temporary directory."""

    def __call__(self, files: Mapping[str, str] | None = None) -> Project:
        """The native sample without `files`."""


def make_project(root: Path, files: Mapping[str, str] | None = None) -> Project:
    """Write `files` (all of them; `native_project()` when None) below `root`."""
    project = Project(root=root)
    root.mkdir(parents=True, exist_ok=True)
    project.write({"build-env.toml": "", **(native_project() if files is None else files)})
    return project
