"""Standard streams that are closed or full: a sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FULL = "error   standard output cannot be written: No space left on device [environment]"
CLOSED = "error   standard output cannot be written: it is closed [environment]"


def run(directory: Path, words: str) -> tuple[int, str]:
    """Run a line of the shell, in which `build-env` is ours: its status and what it says on standard error."""
    program = shlex.join([sys.executable, "-P", "-m", "build_env.cli.main"])
    done = subprocess.run(
        ["sh", "-c", f'build_env() {{ {program} "$@"; }}; {words}'],
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("build_env --help >/dev/full", 4, FULL),
        ("build_env --help >&-", 4, CLOSED),
        ("build_env explain >/dev/full", 4, FULL),
        ("build_env explain >&-", 4, CLOSED),
        ("build_env manifest compile a.yaml >/dev/full", 4, FULL),
        ("build_env manifest compile a.yaml >&-", 4, CLOSED),
        ("build_env manifest compile a.yaml -o b.json >&-", 0, ""),
        ("build_env manifest directives --markdown >&-", 4, CLOSED),
        ("build_env manifest directives --markdown >/dev/full", 4, "No space left on device [environment]"),
        ("build_env manifest compile - <&-", 2, "error   <stdin> cannot be read: it is closed [input]"),
        ("build_env manifest compile gone.yaml 2>/dev/full", 2, ""),
        ("build_env manifest compile gone.yaml 2>&-", 2, ""),
        ("build_env manifest compil 2>&- >&-", 2, ""),
        ("mkdir x; cd x; rmdir ../x; build_env manifest compile -", 4, "the current directory is no longer there"),
    ],
)
def test_what_cannot_be_read_or_written_is_said(tmp_path: Path, words: str, status: int, said: str) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n", encoding="utf-8")
    found = run(tmp_path, words)
    assert found[0] == status, found[1]
    assert said in found[1]
    assert bool(found[1]) == bool(said)
    assert "Traceback" not in found[1]
    assert "Exception ignored" not in found[1]


@pytest.mark.parametrize("words", [["explain"], ["manifest", "directives", "--markdown"]])
def test_a_reader_that_has_gone_is_no_fault(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        command = [sys.executable, "-P", "-m", "build_env.cli.main", *words]
        done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")
