"""Owns which errors are those of the command's own place: its standard output, and the directory that it is in."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.cli.streams import is_output_closed, output_failed
from build_env.core import expected
from build_env.core.errors import EnvironmentNotReady

if TYPE_CHECKING:
    from build_env.core.errors import BuildEnvError

__all__ = ["as_expected"]


def as_expected(error: Exception, *, debug: bool) -> BuildEnvError:
    """The error that a person is told; `debug` says whether the traceback was printed."""
    if isinstance(error, OSError) and error.errno == errno.EBADF and is_output_closed():
        return output_failed(error)
    if isinstance(error, FileNotFoundError) and _directory_gone():
        return EnvironmentNotReady("the current directory is no longer there", hint="go to one that is there: cd /")
    following = "report what is printed above" if debug else "run it again with --debug and report what it prints"
    return expected.as_expected(error, following)


def _directory_gone() -> bool:
    try:
        Path.cwd()
    except OSError:
        return True
    return False
