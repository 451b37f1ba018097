"""Owns how a text becomes a file.

A report's place is looked at before the run, so that hours of work do not end in a wrong name. A file is written
next to its place and renamed, so that nobody reads half of it; devices, pipes and own streams are written to.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path

from build_env.core.errors import EnvironmentNotReady, UsageError
from build_env.core.visible import visible_name

__all__ = ["check_directory", "check_place", "write_whole"]

_WRONG_NAME = frozenset(
    {
        errno.EBADF,
        errno.EEXIST,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.ENXIO,
    }
)
_EVERYBODY = 0o666
_MOST_LINKS = 40


def check_place(path: Path, option: str) -> None:
    """Whether a file can be made at `path`; missing directories are made. Leaves a file that is there as it is."""
    try:
        if path.is_dir():
            raise UsageError(f"{option} {_shown(path)}: this is a directory", hint="name a file in it")
        if _stream(path) is not None or _is_special(path):
            return
        place = path.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = _temporary(place)
        os.close(descriptor)
        Path(name).unlink()
    except (OSError, ValueError, RuntimeError) as error:
        raise _refusal(path, option, error) from error


def check_directory(path: Path, option: str) -> None:
    """Whether files can be made in a directory at `path`; it is made if it is not there."""
    if path.exists() and not path.is_dir():
        raise UsageError(f"{option} {_shown(path)}: this is no directory", hint="name another place")
    check_place(path / "any", option)


def write_whole(path: Path, text: str, option: str) -> None:
    """Write `text` to `path` at one stroke, also through links; a file that is there keeps its mode and owner.

    What has no UTF-8 form (half a surrogate pair) becomes a question mark.
    """
    data = text.encode("utf-8", errors="replace")
    try:
        number = _stream(path)
        if number is not None:
            with os.fdopen(os.dup(number), "wb") as stream:
                stream.write(data)
        elif _is_special(path):
            path.write_bytes(data)
        else:
            _replace(path.resolve(), data)
    except BrokenPipeError:
        raise  # no fault of the name: the reader has gone
    except (OSError, ValueError, RuntimeError) as error:
        raise _refusal(path, option, error) from error


def _stream(path: Path) -> int | None:
    """The number behind names like /dev/stdout: opening them again would begin at the start of a file."""
    own = f"/proc/{os.getpid()}/fd"
    place = path
    for _ in range(_MOST_LINKS):
        folder = place.parent.resolve()
        if str(folder) == own and place.name.isdecimal():
            return int(place.name)
        if not place.is_symlink():
            return None
        place = folder / place.readlink()
    return None


def _is_special(path: Path) -> bool:
    return path.exists() and not path.is_file() and not path.is_dir()


def _replace(path: Path, data: bytes) -> None:
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = _temporary(path)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            _like_before(file.fileno(), path)
        Path(temporary).replace(path)
    except BaseException:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
        raise


def _like_before(descriptor: int, path: Path) -> None:
    try:
        before = path.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, _EVERYBODY & ~_umask())
        return
    with contextlib.suppress(PermissionError):
        os.fchown(descriptor, before.st_uid, before.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(before.st_mode))


def _temporary(path: Path) -> tuple[int, str]:
    # Not the whole name: it may be as long as names may be.
    return tempfile.mkstemp(prefix=f".{path.name[:32]}.", dir=path.parent)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _shown(path: Path) -> str:
    return visible_name(str(path))


def _refusal(path: Path, option: str, error: Exception) -> UsageError | EnvironmentNotReady:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    text = f"{option} {_shown(path)}: the file cannot be written: {reason}"
    if not isinstance(error, OSError) or error.errno in _WRONG_NAME:
        return UsageError(text, hint="name another file")
    return EnvironmentNotReady(text, hint="name a file in a directory that you may write to and that has space")
