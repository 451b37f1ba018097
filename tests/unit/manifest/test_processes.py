"""Running one program: what it is born with, and that nothing stays when the run is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from build_env.manifest.processes import Limits, run_program
from tests.support.processes import ends

REPOSITORY = Path(__file__).parents[3]
LIMITS = Limits(seconds=20, output=1 << 20, said=1 << 10)
MASK = "import re, sys; print(re.findall('SigBlk:.*', open('/proc/self/status').read())[0].split()[1])"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def test_a_program_is_born_with_no_signal_held_back() -> None:
    assert int(run_program([sys.executable, "-c", MASK], b"", {}, LIMITS).output, 16) == 0


def test_an_interrupt_while_a_program_is_started_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    born: list[int] = []

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401 - those of Popen
        process = popen(*arguments, **options)
        born.append(process.pid)
        signal.raise_signal(signal.SIGINT)
        return process

    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", start)
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt):
        run_program(["sleep", "1000"], b"", {"PATH": os.environ["PATH"]}, LIMITS)
    assert ends(born[0])
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_command_that_is_interrupted_ends_the_whole_group(tmp_path: Path, number: signal.Signals) -> None:
    os.mkfifo(tmp_path / "ready")
    program = tmp_path / "waits"
    program.write_text(f"#!/bin/sh\nsleep 1000 & echo $! >{tmp_path}/ready; wait\n")
    program.chmod(0o755)
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text("a:\n  otk.external.waits:\n")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OTK_EXTERNAL_PATH": str(tmp_path)}
    # Whoever runs the tests may ignore a signal, as nohup does.
    argv = [
        "env",
        f"--default-signal={number.value}",
        sys.executable,
        "-P",
        "-m",
        "build_env.cli.main",
        "manifest",
        "compile",
        str(manifest),
    ]
    with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE) as process:
        inner = int((tmp_path / "ready").read_text())
        process.send_signal(number)
        assert process.communicate()[1] == b"stopped\n"
    assert process.returncode == 130
    assert ends(inner)
