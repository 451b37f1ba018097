"""Owns apt's side of a channel: one tree for all targets, a suite for each, and a pool that they share.

    deb/dists/<suite>/<target>/   InRelease, Release, Release.gpg, main/…, build-env.pref
    deb/pool/main/<p>/<source>/   packages of all suites

The target behind the suite keeps those apart that have one codename. apt compares the suite's name without its last
part with `Codename`, so this is a name that it takes without a warning.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.formats.deb.entries import is_apt_file, read_binary, read_source
from build_env.formats.deb.index import index_files, release_text, write_indexes
from build_env.formats.deb.names import check_declared
from build_env.formats.view import Entry, Repository

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from build_env.formats.view import IndexRequest, PackageFile, Signer, View

__all__ = ["APT"]

_INDEX = "suite"
_NO_OPTION = re.compile(r"[\s\[\],]")  # what ends a path in the options of a line
_KEYRING = Path("/etc/apt/keyrings/build-env.asc")
_SOURCES_OF_CLIENT = Path("/etc/apt/sources.list.d/build-env.list")
_PREFERENCES = "build-env.pref"
_PREFERENCES_OF_CLIENT = Path("/etc/apt/preferences.d") / _PREFERENCES
# More than the 990 of a client's default release; from 1000 on apt would put installed packages back to older ones.
_PRIORITY = 995
_NOT_IN_A_PIN = re.compile(r"[^\w .-]")


def _served(view: View) -> Mapping[str, str]:
    return {f"deb/dists/{view.suite}/{view.slug}": _INDEX}


def _read(_view: View, files: Sequence[PackageFile], held: Collection[str]) -> list[Entry]:
    wrong = sorted(file.artifact.name for file in files if not is_apt_file(file.artifact.name))
    if wrong:
        raise InputError(
            f"not for an apt repository: {', '.join(wrong)}",
            hint="publish .deb and .dsc files and the parts a .dsc names",
        )
    given = {file.artifact.digest for file in files}
    entries = [read_binary(file) for file in files if file.artifact.name.endswith(".deb")]
    entries += [read_source(file, given, held) for file in files if file.artifact.name.endswith(".dsc")]
    # A part without its .dsc would lie in the pool and be found by nobody.
    used = {digest for entry in entries for digest in entry.files.values()}
    unused = sorted(file.artifact.name for file in files if file.artifact.digest not in used)
    if unused:
        raise InputError(
            f"no source package names {', '.join(unused)}", hint="publish the .dsc together with its parts"
        )
    return entries


def _write(request: IndexRequest) -> Collection[str]:
    directory = request.directory / _INDEX
    listed = write_indexes(directory, index_files(request.entries, request.architectures), request.epoch)
    _write_signed(directory, release_text(request, listed).encode(), request.signer, request.epoch)
    (directory / _PREFERENCES).write_text(_preferences(request.label), encoding="utf-8")
    return {f"{_INDEX}/{PurePosixPath(name).parent}/by-hash/SHA256/{digest}" for name, (digest, _) in listed.items()}


def _write_signed(directory: Path, release: bytes, signer: Signer, epoch: int) -> None:
    """Write Release and its signatures; their time is the Date, for clients that ask 'if modified since'."""
    # apt reads InRelease, text and signature in one file: no switch can come between. The pair is for old clients.
    signed = {
        "Release": release,
        "InRelease": signer.clear_sign(release),
        "Release.gpg": signer.detach_sign(release),
    }
    for name, data in signed.items():
        (directory / name).write_bytes(data)
        os.utime(directory / name, (epoch, epoch))


def _preferences(label: str) -> str:
    """What makes apt take a package of this repository where the distribution has the same version, or a higher one."""
    origin = _NOT_IN_A_PIN.sub("?", label)  # a comma would end it; apt reads `?` as any character
    return f"Package: *\nPin: release o={origin}\nPin-Priority: {_PRIORITY}\n"


def _installing(file: Path, place: Path) -> str:
    return f"install -Dm644 {shlex.quote(str(file))} {place}"


def _client_lines(view: View, address: str, key: Path) -> tuple[str, ...]:
    first: tuple[str, ...] = ()
    (suite,) = _served(view)
    preferences = key.parent / suite / _PREFERENCES
    if _NO_OPTION.search(str(key)) or not _is_open(key):  # addresses are quoted; a path in [signed-by=…] cannot be
        first = (f"on {view.target}, as root, first copy its key to where apt can read it:", _installing(key, _KEYRING))
        key = _KEYRING
    return (
        *first,
        f"install from it on {view.target}: put this line into {_SOURCES_OF_CLIENT}",
        f"deb [signed-by={key}] {address}/deb {view.suite}/{view.slug} main",
        "prefer it to the distribution where that has the same version, or a higher one:",
        _installing(preferences, _PREFERENCES_OF_CLIENT),
    )


def _is_open(file: Path) -> bool:
    """Whether everybody may read it: apt does so as a user of its own, to which a home is closed."""
    try:
        return all(path.stat().st_mode & bit for path, bit in ((file, 0o4), *((path, 0o1) for path in file.parents)))
    except OSError:
        return False


APT = Repository(served=_served, read=_read, check=check_declared, write=_write, client_lines=_client_lines)
