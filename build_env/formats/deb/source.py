"""Owns what a finished Debian source package says of itself, the `.dsc`, and what packaging calls its source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from debian.deb822 import Deb822, Dsc

from build_env.core.errors import InputError, Location
from build_env.core.texts import read_text
from build_env.formats.deb.needs import architectures_of, needs_in
from build_env.model.package import Binary, Packaging

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from build_env.model.package import Need

__all__ = ["DEPENDENCY_SET", "build_depends_of", "files_of_source", "read_source", "source_name"]

DEPENDENCY_SET = "build-depends.dsc"  # what a source stage writes beside the source package; it is none itself
_SUFFIX = ".dsc"
_BUILD_FIELDS = ("Build-Depends", "Build-Depends-Arch", "Build-Depends-Indep")


def build_depends_of(source: Mapping[str, str]) -> tuple[Need, ...]:
    """What the paragraph of a source needs to be built."""
    return needs_in(source.get(field, "") for field in _BUILD_FIELDS)


def source_name(directory: Path) -> str:
    """The name of the source in the first paragraph of its control file; empty where it has none."""
    for place in ("deb", "debian"):
        control = directory / place / "control"
        if control.is_file():
            with control.open(encoding="utf-8", errors="replace") as lines:
                return str(Deb822(line for line in lines if not line.startswith("#")).get("Source", "")).strip()
    return ""


def read_source(directory: Path, shown: str) -> Packaging | None:
    """The facts of the one source package in `directory` (in errors `shown`), None where there is none.

    What its packages need when they are installed stands in its archive only.

    Raises:
        InputError: there is more than one, or it cannot be read.

    """
    found = sorted(directory.glob(f"*{_SUFFIX}"))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise InputError(f"more than one source package: {names}", location=Location(file=shown))
    if not found:
        return None
    fields = _fields(found[0])
    listed = [entry for entry in fields.get("Package-List", ()) if entry.get("package-type") != "udeb"]
    binaries = [_binary(entry) for entry in listed] or [
        Binary(name=name, generated=True) for name in str(fields.get("Binary", "")).replace(",", " ").split()
    ]
    of_all = [binary.every_architecture for binary in binaries]
    return Packaging(
        source=found[0].name,
        binaries=tuple(binaries),
        build_depends=build_depends_of(fields),
        all_only=all(of_all),
        mixed=any(of_all) and not all(of_all),
    )


def _binary(entry: Mapping[str, str]) -> Binary:
    """A package by its line of Package-List; one of its last words is `arch=any` or `arch=amd64,arm64`."""
    words = entry.get("_other", "").split()
    named = next((word.removeprefix("arch=") for word in words if word.startswith("arch=")), "any")
    architectures = architectures_of(named.replace(",", " "))
    return Binary(name=entry["package"], generated=True, every_architecture=named == "all", architectures=architectures)


def files_of_source(path: Path) -> tuple[str, tuple[str, ...]]:
    """The name of a source package, and the names of the files that it consists of, all beside its `.dsc`.

    Raises:
        InputError: it is no source package, or names files that do not lie beside it.

    """
    fields = _fields(path)
    listed = [str(entry["name"]) for entry in fields.get("Checksums-Sha256", [])]
    name = str(fields.get("Source", "")).strip()
    if not name or not listed:
        raise InputError(
            "this is no Debian source package: it has no Source or no Checksums-Sha256",
            location=Location(file=path.name),
        )
    if strange := [each for each in listed if "/" in each or each.startswith(".")]:
        raise InputError(f"it names a file that cannot be one of it: {strange[0]}", location=Location(file=path.name))
    if missing := [each for each in listed if not (path.parent / each).is_file()]:
        raise InputError(
            f"{path.name} consists of files that are not beside it: {', '.join(missing)}",
            hint=f"fetch it whole: dget URL-OF-{path.name}",
        )
    return name, (path.name, *listed)


def _fields(path: Path) -> Dsc:
    return Dsc(read_text(path, path.name))
