"""From an error to what a person reads and the exit code."""

from __future__ import annotations

import errno
import signal
import sys
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
@pytest.mark.parametrize(("error", "status", "words"), CASES, ids=[type(case[0]).__name__ for case in CASES])
def test_an_error_has_its_exit_code_with_and_without_a_traceback(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, words: str, *, debug: bool
) -> None:
    assert run_command(failing(error), debug=debug) == status
    said = capsys.readouterr().err
    assert words in said
    assert ("Traceback" in said) == (debug and not isinstance(error, KeyboardInterrupt))


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_an_interrupt(number: signal.Signals) -> None:
    assert run_command(sending(number)) == 130


def test_a_hangup_that_is_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert run_command(sending(signal.SIGHUP)) == 0


def test_an_interrupt_whose_terminal_is_gone_ends_with_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def write(self, _: str) -> None:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(sys, "stderr", Gone())
    assert run_command(failing(KeyboardInterrupt())) == 130
