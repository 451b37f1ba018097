"""Owns what an apt repository knows of each package: control stanza, key, and its place in the pool.

Names from a package become paths, and its fields lines of an index that all clients read: all are checked.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from debian.deb822 import Dsc

from build_env.core.errors import InputError
from build_env.formats.deb.built import check_characters, check_control, control_of
from build_env.formats.view import Entry, check_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from build_env.formats.view import PackageFile

__all__ = ["ROOT", "SOURCE", "is_apt_file", "read_binary", "read_source", "stanza"]

ROOT = "deb"  # apt's tree below the channel
SOURCE = "source"
_PARTS = re.compile(r"\.(diff|tar)\.[a-z0-9]+$")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_VERSION = re.compile(r"[0-9A-Za-z.+:~-]+")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")
_CANNOT_GO = ("Essential", "Protected", "Important")  # fields with which a package cannot be removed from a client
_MOST_SOURCE = 4 << 20  # bytes
_REWRITTEN = {"checksums-sha256": "Checksums-Sha256"}
_OWN_FIELDS = frozenset({"filename", "size", "md5sum", "sha1", "sha256", "directory"})


def stanza(entry: Entry) -> str:
    """The complete index entry of a package, or of a source package."""
    place = entry.directory.removeprefix(f"{ROOT}/")
    if entry.facts["architecture"] == SOURCE:
        return f"{entry.facts['fields']}Directory: {place}\n"
    ((name, digest),) = entry.files.items()
    return f"{entry.facts['fields']}Filename: {place}/{name}\nSize: {entry.facts['size']}\nSHA256: {digest}\n"


def is_apt_file(name: str) -> bool:
    """Whether an artifact of this name belongs into an apt repository; logs and `.changes` do not."""
    return name.endswith((".deb", ".dsc")) or _PARTS.search(name.removesuffix(".asc")) is not None


def read_binary(file: PackageFile) -> Entry:
    """Read a binary package's control stanza.

    Raises:
        InputError: it cannot be read, dpkg does not take its fields, or its names are not valid or not the file's.
        EnvironmentNotReady: dpkg-deb is not installed.

    """
    name = check_name(file.artifact.name)
    control = control_of(file.path, name)
    check_control(file.path, name)
    package = _matching(control.get("Package", ""), _PACKAGE, "package name", name)
    version = _matching(control.get("Version", ""), _VERSION, "version", name)
    architecture = _matching(control.get("Architecture", ""), _ARCHITECTURE, "architecture", name)
    source = _matching(control.get("Source", package).split(" ", 1)[0], _PACKAGE, "source name", name)
    # People and other tools go by the name of the file: it may not say anything else than the package.
    own_name = f"{package}_{version.partition(':')[2] or version}_{architecture}.deb"
    if name != own_name:
        raise InputError(f"{name} says of itself that it is {package} {version} for {architecture}, thus {own_name}")
    return Entry(
        key=f"{package} {version} {architecture}",
        home=_home(source),
        mark=file.artifact.digest,
        files={name: file.artifact.digest},
        facts={
            "architecture": architecture,
            "fields": _fields(control),
            "size": file.artifact.size,
            **({"essential": True} if any(control.get(field, "no") != "no" for field in _CANNOT_GO) else {}),
        },
    )


def read_source(dsc: PackageFile, given: Collection[str], held: Collection[str]) -> Entry:
    """Read a source package; its parts must be among the digests `given` with it or `held` already.

    Raises:
        InputError: a part is missing, or the package cannot be read.

    """
    if dsc.artifact.size > _MOST_SOURCE:
        raise InputError(f"{dsc.artifact.name} is larger than any .dsc")
    try:
        data = dsc.path.read_bytes()
        check_characters(data.decode(), dsc.artifact.name)
        control = Dsc(data, encoding="utf-8")
        parts = {check_name(part["name"]): (part["sha256"], int(part["size"])) for part in control["Checksums-Sha256"]}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a readable source package: {dsc.artifact.name} ({error})") from error
    for name, (digest, _) in parts.items():
        if digest not in given and digest not in held:
            raise InputError(
                f"{dsc.artifact.name} needs {name} with other bytes than were given, or it is missing",
                hint="publish all files of one source stage together",
            )
    package = _matching(str(control.get("Source", "")), _PACKAGE, "source name", dsc.artifact.name)
    own_name = check_name(dsc.artifact.name)
    # Fields may be written in any case; those that are written anew below have one name.
    fields = {
        _REWRITTEN.get(key.lower(), key): str(control.get_as_string(key))
        for key in control
        if key.lower() not in {"source", "files", "checksums-sha1"}
    }
    fields["Checksums-Sha256"] += f"\n {dsc.artifact.digest} {len(data)} {own_name}"
    if "Files" in control:
        checksum = hashlib.md5(data, usedforsecurity=False).hexdigest()
        fields["Files"] = f"{control.get_as_string('Files')}\n {checksum} {len(data)} {own_name}"
    version = _matching(str(control.get("Version", "")), _VERSION, "version", dsc.artifact.name)
    return Entry(
        key=f"{package} {version} {SOURCE}",
        home=_home(package),
        mark=dsc.artifact.digest,
        files={own_name: dsc.artifact.digest, **{name: digest for name, (digest, _) in parts.items()}},
        facts={"architecture": SOURCE, "fields": _fields({"Package": package, **fields})},
    )


def _home(source: str) -> str:
    """The pool directory of a source, as every Debian archive has it."""
    prefix = source[:4] if source.startswith("lib") else source[:1]
    return f"{ROOT}/pool/main/{prefix}/{source}"


def _fields(control: Mapping[str, str]) -> str:
    """Write the stanza without the fields that the index itself adds."""
    kept = ((key, value) for key, value in control.items() if key.lower() not in _OWN_FIELDS)
    return "".join(f"{key}:{'' if value.startswith(chr(10)) else ' '}{value}".rstrip() + "\n" for key, value in kept)


def _matching(value: str, pattern: re.Pattern[str], what: str, shown: str) -> str:
    if not pattern.fullmatch(value):
        raise InputError(f"{shown} has no valid {what}: {value!r}")
    return value
