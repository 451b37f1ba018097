"""Owns which errors of Python and the operating system are the machine's: all others are defects of build-env."""

from __future__ import annotations

import errno
from pathlib import Path

from build_env.cli.streams import is_output_closed, output_failed
from build_env.core.errors import BuildEnvError, EnvironmentNotReady

__all__ = ["Defect", "as_expected"]

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


def as_expected(error: Exception, *, debug: bool) -> BuildEnvError:
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
