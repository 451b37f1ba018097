"""Owns how much memory a command needed: the largest of its own process and of those that it waited for."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.tiny import Answer, tool_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["MEBIBYTE", "Needed", "measured"]

MEBIBYTE = 1 << 20
# A process counts what it held before it became another program: so it is started by a small one and not by the tests.
_MEASURE = """\
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""
_KIBIBYTE = 1024


@dataclass(frozen=True, kw_only=True)
class Needed:
    """What a command answered, and the most bytes that it held in memory."""

    answer: Answer
    peak: int


def measured(
    argv: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None, *, output: Path | None = None
) -> Needed:
    """Run a command of the tool to its end; with `output` it prints into that file, and the answer has no text."""
    note = cwd / ".peak"
    with (output or cwd / ".output").open("w+b") as file:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _MEASURE, str(note), *argv],
            cwd=cwd,
            env=tool_environment(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT if output is None else None,
            check=False,
        )
        file.seek(0)
        text = "" if output else file.read().decode(errors="replace")
    return Needed(answer=Answer(status=done.returncode, text=text), peak=int(note.read_text()) * _KIBIBYTE)
