"""docs/first-package.md, typed as it stands: commands of the user here, those of root in clean containers.

Two things differ from the page: where the project lies, and that the base of centos/8 is a stand-in, so that its
results are marked.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.bases import provide_bases
from tests.support.servers import Client, client

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/first-package.md").read_text("utf-8")
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = {"build-all": "build_env.cli.build_all", "build-env": "build_env.cli.main"}


def typed(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Each command of a block with its prompt and the lines that the page shows of its output."""
    for command in re.split(r"^(?=[$#] )", text, flags=re.MULTILINE)[1:]:
        first, *shown = command.splitlines()
        yield first[0], first[2:], shown


def fits(shown: list[str], printed: str) -> bool:
    """Whether the lines are those of the page; `…` stands for the rest of a line or for any number of lines."""
    pattern = ""
    for line in shown:
        pattern += r"(?:.*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + "\n"
    return re.fullmatch(pattern, printed) is not None


@pytest.fixture
def path_with_commands(tmp_path: Path) -> str:
    """What PATH is when the wheel is installed."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, module in COMMANDS.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m {module} "$@"\n', "utf-8")
        program.chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"


def test_the_page_is_what_happens(tmp_path: Path, path_with_commands: str) -> None:
    provide_bases("debian:12")
    environment = {**os.environ, "PATH": path_with_commands, "PYTHONPATH": str(ROOT)}
    debian, rpm = PAGE.replace("/home/you", str(tmp_path)).split("## The same for RPM")
    rpm = rpm.replace("build-env-centos-8", "build-env-centos-8-stand-in").replace("/centos-8", "/centos-8+stand-in")
    here = tmp_path
    for part, image in ((debian, "debian:12"), (rpm, "build-env/stand-in:centos-8-amd64")):
        with ExitStack() as stack:
            machine: Client | None = None
            for prompt, command, shown in typed("".join(CONSOLE.findall(part))):
                if command.startswith("cd "):
                    here /= command.removeprefix("cd ")
                elif prompt == "$":
                    done = subprocess.run(
                        ["sh", "-c", command], cwd=here, env=environment, capture_output=True, text=True, check=False
                    )
                    assert done.returncode == any("FAIL" in line for line in shown), done.stdout + done.stderr
                    assert fits(shown, done.stdout), f"$ {command}\n{done.stdout}"
                else:
                    machine = machine or stack.enter_context(client(image, tmp_path))
                    printed = machine.expect(command)
                    assert fits(shown, printed), f"# {command}\n{printed}"
