"""Owns how a report becomes a file.

Its place is looked at before the run, so that hours of work do not end in a wrong name; it is written next to its
place and renamed, so that nobody reads half of it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from build_env.core.errors import EnvironmentNotReady, UsageError

__all__ = ["check_place", "write_whole"]

_WRONG_NAME = frozenset({errno.ENAMETOOLONG, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.EINVAL})
_READABLE = 0o644


def check_place(path: Path, option: str) -> None:
    """Whether a file can be made at `path`; missing directories are made. Leaves a file that is there as it is."""
    try:
        if path.is_dir():
            raise UsageError(f"{option} {path}: this is a directory", hint="name a file in it")
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = _temporary(path)
        os.close(descriptor)
        Path(name).unlink()
    except (OSError, ValueError) as error:
        raise _refusal(path, option, error) from error


def write_whole(path: Path, text: str, option: str) -> None:
    """Write `text` to `path` at one stroke; what has no UTF-8 form (half a surrogate pair) becomes a question mark."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = _temporary(path)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
            os.fchmod(file.fileno(), _READABLE & ~_umask())
        Path(temporary).replace(path)
    except (OSError, ValueError) as error:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise _refusal(path, option, error) from error


def _temporary(path: Path) -> tuple[int, str]:
    # Not the whole name: it may be as long as names may be.
    return tempfile.mkstemp(prefix=f".{path.name[:32]}.", dir=path.parent)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _refusal(path: Path, option: str, error: OSError | ValueError) -> UsageError | EnvironmentNotReady:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    text = f"{option} {path}: the file cannot be written: {reason}"
    if isinstance(error, ValueError) or error.errno in _WRONG_NAME:
        return UsageError(text, hint="name another file")
    return EnvironmentNotReady(text, hint="name a file in a directory that you may write to and that has space")
