"""Owns the way from an error to what a person reads and to the exit code; the one place that ends the process."""

from __future__ import annotations

import errno
import signal
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.cli.streams import give_up_output, is_output_closed, output_failed, write_error
from build_env.cli.words import put_right
from build_env.core.errors import EnvironmentNotReady, UsageError
from build_env.core.expected import as_expected

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from build_env.core.errors import BuildEnvError

__all__ = ["run_command", "tell_error"]

_INTERRUPTED = 130


def run_command(command: Callable[[], int | None], *, debug: bool = False, typed: Sequence[str] = ()) -> int:
    """Run `command`; expected errors become lines on standard error and their exit code.

    `typed` is the command line, which is shown again with the word put right that was mistyped. A traceback is only
    for `debug`, and changes no exit code. SIGTERM and SIGHUP (the terminal is closed) are interrupts, with their exit
    code.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _as_interrupt)
    try:
        return command() or 0
    except KeyboardInterrupt:
        give_up_output()  # the terminal may be gone
        write_error("stopped\n")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`build-all | head`); nothing more can be said to it.
        give_up_output()
        return 0
    except Exception as error:  # noqa: BLE001 - what is not expected is told as a defect
        if debug:
            write_error(traceback.format_exc())
        return tell_error(_as_expected(error, debug=debug), typed)


def tell_error(error: BuildEnvError, typed: Sequence[str] = ()) -> int:
    """Print what a person should know; returns the exit code. `typed`: see `run_command`."""
    give_up_output()
    if isinstance(error, UsageError) and any(error.mistyped):
        error.hint = put_right(typed, *error.mistyped) or error.hint
    write_error("\n".join([f"error   {error.lines()[0]}", *error.lines()[1:]]) + "\n")
    return error.exit_code


def _as_interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a signal handler
    raise KeyboardInterrupt


def _as_expected(error: Exception, *, debug: bool) -> BuildEnvError:
    """The error that a person is told; `debug` says whether the traceback was printed."""
    if isinstance(error, OSError) and error.errno == errno.EBADF and is_output_closed():
        return output_failed(error)
    if isinstance(error, FileNotFoundError) and _directory_gone():
        return EnvironmentNotReady("the current directory is no longer there", hint="go to one that is there: cd /")
    following = "report what is printed above" if debug else "run it again with --debug and report what it prints"
    return as_expected(error, following)


def _directory_gone() -> bool:
    try:
        Path.cwd()
    except OSError:
        return True
    return False
