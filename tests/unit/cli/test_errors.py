"""From an error to what a person reads and the exit code."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from build_env.cli.errors import run_command
from build_env.core.errors import EnvironmentNotReady, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CASES = [
    (InputError("a line is missing"), 2, "error   a line is missing [input]\n"),
    (EnvironmentNotReady("no engine", hint="start it"), 4, "error   no engine [environment]\n  next  start it\n"),
    (ZeroDivisionError("x"), 70, "error   this is a defect of build-env: ZeroDivisionError: x [defect]\n"),
    (KeyboardInterrupt(), 130, "stopped\n"),
    (OSError(errno.ENOSPC, "no space", "a/b"), 4, "error   a/b: no space [environment]\n"),
    (OSError(errno.EMFILE, "too many files"), 4, "error   this machine: too many files [environment]\n"),
    (FileNotFoundError(errno.ENOENT, "gone"), 70, "error   this is a defect of build-env: FileNotFoundError"),
    (MemoryError(), 4, "error   there is not enough memory for this [environment]\n"),
    (InputError("\x1b[31m\udcff is missing"), 2, "error   \\x1b[31m\\udcff is missing [input]\n"),
]
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The command takes signals over for the process."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def failing(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


def sending(number: signal.Signals) -> Callable[[], int]:
    def command() -> int:
        signal.raise_signal(number)
        return 0

    return command


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize(("error", "status", "words"), CASES, ids=range(len(CASES)))
def test_an_error_has_its_exit_code_with_and_without_a_traceback(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, words: str, *, debug: bool
) -> None:
    assert run_command(failing(error), debug=debug) == status
    said = capsys.readouterr().err
    assert words in said
    assert ("Traceback" in said) == (debug and not isinstance(error, KeyboardInterrupt))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_an_interrupt(number: signal.Signals) -> None:
    signal.signal(number, signal.default_int_handler)  # whoever runs the tests may ignore it, as nohup does
    assert run_command(sending(number)) == 130


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert run_command(sending(signal.SIGHUP)) == 0


def test_an_interrupt_whose_terminal_is_gone_ends_with_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    assert run_command(failing(KeyboardInterrupt())) == 130


def test_a_current_directory_that_is_gone_is_no_defect(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getcwd", failing(FileNotFoundError(errno.ENOENT, "gone")))
    assert run_command(failing(FileNotFoundError(errno.ENOENT, "gone"))) == 4
    assert "the current directory is no longer there" in capsys.readouterr().err


def test_a_closed_output_is_no_defect(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    closed = OSError(errno.EBADF, "bad file descriptor")
    with Path(os.devnull).open() as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert run_command(failing(closed)) == 4
    assert "standard output cannot be written: it is closed" in capsys.readouterr().err
    with Path(os.devnull).open("w") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert run_command(failing(closed)) == 70
