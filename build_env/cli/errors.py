"""Owns the way from an error to what a person reads and to the exit code; the one place that ends the process."""

from __future__ import annotations

import signal
import traceback
from typing import TYPE_CHECKING

from build_env.cli.expected import as_expected
from build_env.cli.streams import give_up_output, write_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.core.errors import BuildEnvError

__all__ = ["run_command", "tell_error"]

_INTERRUPTED = 130


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
        return tell_error(as_expected(error, debug=debug))


def tell_error(error: BuildEnvError) -> int:
    """Print what a person should know; returns the exit code."""
    give_up_output()
    write_error("\n".join([f"error   {error.lines()[0]}", *error.lines()[1:]]) + "\n")
    return error.exit_code


def _as_interrupt(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a signal handler
    raise KeyboardInterrupt
