"""Owns which errors of Python and the operating system are the machine's: all others are defects of build-env."""

from __future__ import annotations

import errno

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

    @property
    def in_one_line(self) -> str:
        """See `BuildEnvError.in_one_line`; with the code, because others must not be blamed for it."""
        return f"{super().in_one_line} [{self.code}]"


def as_expected(error: BaseException, following: str) -> BuildEnvError:
    """The error that a person is told; `following` is what to do about a defect."""
    if isinstance(error, BuildEnvError):
        return error
    if isinstance(error, MemoryError):
        return EnvironmentNotReady("there is not enough memory for this", hint="end other programs, or give it less")
    if isinstance(error, OSError) and error.errno in _MACHINE:
        where = error.filename or "this machine"
        return EnvironmentNotReady(f"{where}: {error.strerror}", hint="mend this on the machine, then run it again")
    return Defect(f"this is a defect of build-env: {type(error).__name__}: {error}", hint=following)
