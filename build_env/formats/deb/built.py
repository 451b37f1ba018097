"""Owns what a built `.deb` says of itself, read by dpkg's own program, because whoever built it may be hostile.

Bounded in time and size, whatever the archive claims. It must not decide where a package goes.
"""

from __future__ import annotations

import os
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING

from debian.deb822 import Deb822

from build_env.core.errors import EnvironmentNotReady, InputError
from build_env.core.machine import installing
from build_env.core.processes import (
    CannotStart,
    Finished,
    Invocation,
    OutputTooLarge,
    ProcessError,
    listed_environment,
    run_program,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_characters", "check_control", "control_of"]

_SECONDS = 60.0
# Debian's largest control area, of thousands of files with a checksum each, has a tenth of it.
_MOST_OUTPUT = 16 << 20
_MOST_CONTROL = 1 << 20
_PRINTABLE_FROM = 0x20


def control_of(path: Path, shown: str) -> dict[str, str]:
    """The fields of the control file of the `.deb` at `path`, which is called `shown` in errors.

    Raises:
        InputError: it cannot be read, is larger than any real one, or has characters that no index can hold.
        EnvironmentNotReady: dpkg-deb is not installed.

    """
    area = _dpkg_deb("--ctrl-tarfile", path, shown).output
    try:
        with tarfile.open(fileobj=BytesIO(area)) as archive:
            member = next((each for each in archive if each.name.removeprefix("./") == "control"), None)
            if member is None or not member.isfile() or member.size > _MOST_CONTROL:
                raise InputError(f"{shown} has no control file of a sound size")
            file = archive.extractfile(member)
            text = file.read().decode("utf-8") if file else ""
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise InputError(f"{shown} is not a readable Debian package: {error}") from error
    check_characters(text, shown)
    return dict(Deb822(text))


def check_control(path: Path, shown: str) -> None:
    """See that dpkg takes every field: apt refuses a whole index because of one that it cannot parse.

    Raises:
        InputError: dpkg does not; it has dpkg's words.
        EnvironmentNotReady: dpkg-deb is not installed.

    """
    _dpkg_deb("--show", path, shown)


def check_characters(text: str, shown: str) -> None:
    """See that lines end where everybody sees their end: another reader of the index would find another field.

    Raises:
        InputError: they do not.

    """
    for number, line in enumerate(text.split("\n"), 1):
        strange = next((sign for sign in line if ord(sign) < _PRINTABLE_FROM and sign != "\t"), None)
        if strange is not None or len(line.splitlines()) > 1:
            raise InputError(f"{shown}: line {number} has a character that no field may have: {strange!r}")


def _dpkg_deb(action: str, path: Path, shown: str) -> Finished:
    invocation = Invocation(
        argv=("dpkg-deb", action, str(path)),
        environment=listed_environment(os.environ, "TMPDIR"),
        seconds=_SECONDS,
        most_output=_MOST_OUTPUT,
    )
    try:
        done = run_program(invocation)
    except CannotStart as error:
        raise EnvironmentNotReady(str(error), hint=installing("dpkg", "dpkg")) from error
    except OutputTooLarge as error:
        raise InputError(f"{shown} has a control area of more than {_MOST_OUTPUT >> 20} MiB") from error
    except ProcessError as error:
        raise InputError(f"{shown} cannot be read: {error}") from error
    if done.failure:
        words = " ".join(done.standard_error.split()).removeprefix("dpkg-deb: error: ")
        raise InputError(f"{shown} is not a package that dpkg takes: {words.replace(str(path), shown) or done.failure}")
    return done
