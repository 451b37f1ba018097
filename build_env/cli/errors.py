"""Owns the way from an error to what a person reads and to the exit code; the one place that ends the process."""

from __future__ import annotations

import errno
import signal
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.cli.streams import give_up_output, is_output_closed, output_failed, write_error
from build_env.core.errors import BuildEnvError, EnvironmentNotReady

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Defect", "run_command", "tell_error"]

_INTERRUPTED = 130
# The errors of the operating system that are the machine's: all others are defects of build-env.
_MACHINE = frozenset(
    {
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EROFS,
    }
)


class Defect(BuildEnvError):
    """Build-env itself is wrong: something happened that it has no words for. Please report it."""

    exit_code = 70
    code = "defect"


def run_command(command: Callable[[], int | None], *, debug: bool = False) -> int:
    """Run `command`; expected errors become lines on standard error and their exit code.

    A traceback is only for `debug`, and changes no exit code. SIGTERM and SIGHUP (the terminal is closed) are
    interrupts, with the exit code of all interrupts.
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
        return tell_error(_as_expected(error, debug=debug))


def tell_error(error: BuildEnvError) -> int:
    """Print what a person should know; returns the exit code."""
    give_up_output()
    write_error("\n".join([f"error   {error.lines()[0]}", *error.lines()[1:]]) + "\n")
    return error.exit_code


def _as_interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a signal handler
    raise KeyboardInterrupt


def _as_expected(error: Exception, *, debug: bool) -> BuildEnvError:
    """The error that a person is told; `debug` says whether the traceback was printed."""
    if isinstance(error, BuildEnvError):
        return error
    if isinstance(error, MemoryError):
        return EnvironmentNotReady("there is not enough memory for this", hint="end other programs, or give it less")
    if isinstance(error, OSError) and error.errno in _MACHINE:
        where = error.filename or "this machine"
        return EnvironmentNotReady(f"{where}: {error.strerror}", hint="mend this on the machine, then run it again")
    if isinstance(error, OSError) and error.errno == errno.EBADF and is_output_closed():
        return output_failed(error)
    if isinstance(error, FileNotFoundError) and _directory_gone():
        return EnvironmentNotReady("the current directory is no longer there", hint="go to one that is there: cd /")
    following = "report what is printed above" if debug else "run it again with --debug and report what it prints"
    return Defect(f"this is a defect of build-env: {type(error).__name__}: {error}", hint=following)


def _directory_gone() -> bool:
    try:
        Path.cwd()
    except OSError:
        return True
    return False
