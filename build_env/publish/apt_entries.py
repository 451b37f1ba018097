"""Owns what an apt repository knows of each package: control stanza, key, and the pool files behind it.

Reading the package formats is left to python-debian. Names from a package become paths: all are checked.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.publish.pool import check_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from build_env.publish.model import PackageFile

__all__ = ["SOURCE", "AptEntry", "check_unique", "from_json", "is_apt_file", "read_binary", "read_source"]

SOURCE = "source"
_PARTS = re.compile(r"\.(diff|tar)\.[a-z0-9]+$")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]*")
_VERSION = re.compile(r"[0-9A-Za-z.+:~-]+")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9-]*")
_OWN_FIELDS = frozenset({"filename", "size", "md5sum", "sha1", "sha256", "directory"})


@dataclass(frozen=True, kw_only=True)
class AptEntry:
    """One package in the indexes. `architecture` is `source` for a source package.

    `files` maps names to digests; `fields` is the stanza without what depends on the place in the pool.
    """

    package: str
    version: str
    architecture: str
    source: str
    fields: str
    files: Mapping[str, str]
    sizes: Mapping[str, int]
    directory: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What an index holds only once."""
        return (self.package, self.version, self.architecture)

    @property
    def home(self) -> str:
        """The pool directory of its source, as every Debian archive has it."""
        prefix = self.source[:4] if self.source.startswith("lib") else self.source[:1]
        return f"pool/main/{prefix}/{self.source}"

    @property
    def mark(self) -> str:
        """The digest that stands for the whole entry: the .deb's or the .dsc's."""
        return next(digest for name, digest in self.files.items() if name.endswith((".deb", ".dsc")))

    def stanza(self) -> str:
        """Return the complete index entry."""
        if self.architecture == SOURCE:
            return f"{self.fields}Directory: {self.directory}\n"
        ((name, digest),) = self.files.items()
        return f"{self.fields}Filename: {self.directory}/{name}\nSize: {self.sizes[name]}\nSHA256: {digest}\n"


def is_apt_file(name: str) -> bool:
    """Whether an artifact of this name belongs into an apt repository; logs and `.changes` do not."""
    return name.endswith((".deb", ".dsc")) or _PARTS.search(name.removesuffix(".asc")) is not None


def read_binary(file: PackageFile) -> AptEntry:
    """Read a binary package's control stanza."""
    from debian.arfile import ArError  # noqa: PLC0415  (heavy)
    from debian.debfile import DebError, DebFile  # noqa: PLC0415  (heavy)

    name = check_name(file.artifact.name)
    try:
        with DebFile(str(file.path)) as archive:
            control = dict(archive.debcontrol())
    except (ArError, DebError, OSError, ValueError, EOFError) as error:
        raise InputError(f"not a readable Debian package: {file.path} ({error})") from error
    package = _matching(control.get("Package", ""), _PACKAGE, "package name", file.path)
    source = control.get("Source", package).split(" ", 1)[0]
    return AptEntry(
        package=package,
        version=_matching(control.get("Version", ""), _VERSION, "version", file.path),
        architecture=_matching(control.get("Architecture", ""), _ARCHITECTURE, "architecture", file.path),
        source=_matching(source, _PACKAGE, "source name", file.path),
        fields=_fields(control),
        files={name: file.artifact.digest},
        sizes={name: file.artifact.size},
    )


def read_source(dsc: PackageFile, given: Collection[str], held: Collection[str]) -> AptEntry:
    """Read a source package; its parts must be among the digests `given` with it or `held` already."""
    from debian.deb822 import Dsc  # noqa: PLC0415  (heavy)

    try:
        data = dsc.path.read_bytes()
        control = Dsc(data, encoding="utf-8")
        parts = {check_name(part["name"]): (part["sha256"], int(part["size"])) for part in control["Checksums-Sha256"]}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a readable source package: {dsc.path} ({error})") from error
    for name, (digest, _) in parts.items():
        if digest not in given and digest not in held:
            raise InputError(
                f"{dsc.artifact.name} needs {name} with other bytes than were given, or it is missing",
                hint="publish all files of one source stage together",
            )
    package = _matching(str(control.get("Source", "")), _PACKAGE, "source name", dsc.path)
    own_name = check_name(dsc.artifact.name)
    fields = {
        key: str(control.get_as_string(key)) for key in control if key not in {"Source", "Files", "Checksums-Sha1"}
    }
    fields["Checksums-Sha256"] += f"\n {dsc.artifact.digest} {len(data)} {own_name}"
    if "Files" in control:
        checksum = hashlib.md5(data, usedforsecurity=False).hexdigest()
        fields["Files"] = f"{control.get_as_string('Files')}\n {checksum} {len(data)} {own_name}"
    return AptEntry(
        package=package,
        version=_matching(str(control.get("Version", "")), _VERSION, "version", dsc.path),
        architecture=SOURCE,
        source=package,
        fields=_fields({"Package": package, **fields}),
        files={own_name: dsc.artifact.digest, **{name: digest for name, (digest, _) in parts.items()}},
        sizes={own_name: len(data), **{name: size for name, (_, size) in parts.items()}},
    )


def from_json(value: Mapping[str, object]) -> AptEntry:
    """Read an entry back from a repository's state (`dataclasses.asdict` wrote it)."""
    return AptEntry(**value)  # type: ignore[arg-type]  # written by this class


def _fields(control: Mapping[str, str]) -> str:
    """Write the stanza without the fields that the index itself adds."""
    kept = ((key, value) for key, value in control.items() if key.lower() not in _OWN_FIELDS)
    return "".join(f"{key}:{'' if value.startswith(chr(10)) else ' '}{value}".rstrip() + "\n" for key, value in kept)


def _matching(value: str, pattern: re.Pattern[str], what: str, path: Path) -> str:
    if not pattern.fullmatch(value):
        raise InputError(f"{path} has no valid {what}: {value!r}")
    return value


def check_unique(entries: Sequence[AptEntry]) -> None:
    """Refuse two different files that claim to be the same package, version and architecture."""
    seen: dict[tuple[str, str, str], str] = {}
    for entry in entries:
        if seen.setdefault(entry.key, entry.mark) != entry.mark:
            raise InputError(
                f"two different files are {entry.package} {entry.version} {entry.architecture}",
                hint="publish one of them, or raise the version of the other",
            )
