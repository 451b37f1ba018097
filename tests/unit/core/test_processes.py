"""Running one program: what it is born with, and that nothing stays when the run is interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from build_env.core.processes import (
    Cancellation,
    Cancelled,
    CannotStart,
    Invocation,
    OutputTooLarge,
    ProcessError,
    TooSlow,
    listed_environment,
    run_program,
)
from tests.support.processes import ends

REPOSITORY = Path(__file__).parents[3]
MASK = "import re, sys; print(re.findall('SigBlk:.*', open('/proc/self/status').read())[0].split()[1])"
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def invocation(*argv: str, seconds: float = 20, most_output: int = 1 << 20, kept_error: int = 1 << 10) -> Invocation:
    environment = {"PATH": os.environ["PATH"]}
    return Invocation(
        argv=argv, environment=environment, seconds=seconds, most_output=most_output, kept_error=kept_error
    )


def shell(script: str, **limits: Any) -> Invocation:  # noqa: ANN401 - those of `invocation`
    return invocation("/bin/sh", "-c", script, **limits)


def test_both_streams_the_status_and_each_line_as_it_comes() -> None:
    lines: list[str] = []
    done = run_program(shell("cat; echo one >&2; printf two >&2; exit 3"), b"x" * 200_000, tell=lines.append)
    assert (len(done.output), done.status, done.standard_error) == (200_000, 3, "one\ntwo")
    assert (lines, done.failure, done.reason) == (["one", "two"], "/bin/sh ended with exit status 3", "two")


@pytest.mark.parametrize(
    ("script", "failure", "reason"),
    [
        ("true", "", ""),
        ("echo said; exit 1", "/bin/sh ended with exit status 1", "said"),
        ("kill -KILL $$", "/bin/sh was ended by SIGKILL", "/bin/sh was ended by SIGKILL"),
        ("kill -40 $$", "/bin/sh was ended by signal 40", "/bin/sh was ended by signal 40"),
    ],
)
def test_an_end_is_told_in_one_way(script: str, failure: str, reason: str) -> None:
    done = run_program(shell(script))
    assert (done.failure, done.reason) == (failure, reason)


@pytest.mark.parametrize(
    ("program", "fault", "message"),
    [
        (invocation("no-such-program"), CannotStart, "no-such-program is not installed"),
        (invocation("/no/such"), CannotStart, "/no/such cannot be started: No such file or directory"),
        (invocation("/etc/passwd"), CannotStart, "/etc/passwd cannot be started: Permission denied"),
        (shell("echo why >&2; sleep 1000", seconds=0.3), TooSlow, "/bin/sh was stopped after 0.3 s"),
        # Output that never pauses keeps the streams ready; the time is over all the same.
        (shell("exec yes >&2", seconds=0.3), TooSlow, "/bin/sh was stopped after 0.3 s"),
        (shell("exec yes"), OutputTooLarge, "/bin/sh was stopped: it printed more than 1 MiB"),
    ],
)
def test_what_does_not_come_to_its_own_end(program: Invocation, fault: type[ProcessError], message: str) -> None:
    with pytest.raises(fault) as caught:
        run_program(program)
    assert str(caught.value) == message
    assert "sleep" not in program.argv[-1] or caught.value.standard_error == "why\n"
    assert len(caught.value.standard_error) <= program.kept_error


def test_a_cancelled_program_tidies_up_and_no_other_starts() -> None:
    cancellation = Cancellation()
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        cancellation.cancel()

    script = "trap 'echo tidied >&2; exit 0' TERM; echo ready >&2; sleep 1000 & wait"
    with pytest.raises(Cancelled, match="was stopped"):
        run_program(shell(script), tell=tell, cancellation=cancellation)
    assert lines == ["ready", "tidied"]
    with pytest.raises(Cancelled, match="was not started"):
        run_program(shell("exit 1"), cancellation=cancellation)


def test_one_that_does_not_hear_the_cancel_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("build_env.core.process_streams._GRACE", 0.2)
    cancellation = Cancellation()
    with pytest.raises(Cancelled):
        run_program(
            shell("trap '' TERM; echo ready >&2; exec sleep 1000"),
            tell=lambda _: cancellation.cancel(),
            cancellation=cancellation,
        )


def test_an_environment_is_listed() -> None:
    given = {"PATH": "/p", "HOME": "/h", "SECRET": "s", "EMPTY": ""}
    fixed = listed_environment(given, "HOME", "EMPTY", "ABSENT", GNUPGHOME="/g")
    assert fixed == {"PATH": "/p", "HOME": "/h", "LC_ALL": "C.UTF-8", "GNUPGHOME": "/g"}


def test_a_program_is_born_with_no_signal_held_back() -> None:
    assert int(run_program(invocation(sys.executable, "-c", MASK)).output, 16) == 0


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
        run_program(invocation("sleep", "1000"))
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
