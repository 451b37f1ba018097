"""From an error to what a person reads and the exit code."""

from __future__ import annotations

import signal
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


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """The command takes SIGTERM over for the process."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def failing(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

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
