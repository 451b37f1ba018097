"""Owns the way from an error to what a person reads and to the exit code; the one place that ends the process."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["run_command"]

_INTERRUPTED = 130
_DEFECT = 70


def run_command(command: Callable[[], int], *, debug: bool = False) -> int:
    """Run `command`; expected errors become lines on standard error and their exit code.

    A traceback is only for `debug`, and changes no exit code. SIGTERM and SIGHUP (the terminal is closed) are
    interrupts, with the exit code of all interrupts.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _as_interrupt)
    try:
        return command()
    except BuildEnvError as error:
        if debug:
            traceback.print_exc()
        sys.stderr.write("\n".join([f"error   {error.lines()[0]}", *error.lines()[1:]]) + "\n")
        return error.exit_code
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be gone
            sys.stderr.write("stopped\n")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`build-all | head`); nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - a defect, which has an exit code of its own
        if debug:
            traceback.print_exc()
        following = "report what is printed above" if debug else "run it again with --debug and report what it prints"
        sys.stderr.write(
            f"error   this is a defect of build-env: {type(error).__name__}: {error} [defect]\n  next  {following}\n"
        )
        return _DEFECT


def _as_interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a signal handler
    raise KeyboardInterrupt
