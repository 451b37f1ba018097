"""Owns the reading of `src/`: which directories are packages, and their `definition.yaml`.

Reads; runs nothing. Spec files are not parsed here, because parsing them runs code (see `formats.rpm`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, Fault, InputError, Location
from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.core.suggest import did_you_mean
from build_env.formats.registry import formats
from build_env.model.package import Archive, Package
from build_env.packages.definitions import Purpose, read_definition
from build_env.packages.names import check_name, is_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from build_env.core.paths import ProjectPaths
    from build_env.manifest.yaml import Document
    from build_env.model.package import Packaging

__all__ = ["METAPACKAGES", "check_name", "package_names", "read_packages"]

METAPACKAGES = "metapackages"
_TEXTS = ("name", "version", "summary", "license", "date")
_LISTS = ("requires", "provides")
_FIELDS = (*_TEXTS, *_LISTS, "architectures", "archive")
_ARCHITECTURES = frozenset(MACHINE_TO_DEBIAN.values())
_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_packages(paths: ProjectPaths, purpose: Purpose | None = None) -> dict[str, Package]:
    """All packages of the project by name, as they are for `purpose`. Raises InputError with all faults at once."""
    packages: dict[str, Package] = {}
    faults: list[Fault] = []
    for directory, metapackage in _directories(paths.sources):
        try:
            package = _read_package(paths.root, directory, purpose or Purpose(), metapackage=metapackage)
        except BuildEnvError as error:
            faults += error.faults or [Fault(message=error.message, location=error.location)]
            continue
        if package.name in packages:
            where = Location(file=package.directory)
            other = packages[package.name].directory
            faults.append(Fault(message=f"the package {package.name} is declared in {other} too", location=where))
        packages[package.name] = package
    if faults:
        raise InputError("packages of src/ cannot be used", faults=tuple(faults))
    return packages


def package_names(paths: ProjectPaths) -> frozenset[str]:
    """The names of all packages, for questions that a definition which cannot be read must not keep from an answer."""
    return frozenset(_name(paths, directory) for directory, _ in _directories(paths.sources))


def _name(paths: ProjectPaths, directory: Path) -> str:
    try:
        return _read_package(paths.root, directory, Purpose(), metapackage=False).name
    except BuildEnvError:
        return directory.name


def _directories(sources: Path) -> Iterator[tuple[Path, bool]]:
    if not sources.is_dir():
        return
    for directory in sorted(sources.iterdir()):
        if not directory.is_dir() or directory.name.startswith("."):
            continue
        if directory.name == METAPACKAGES:
            yield from ((inner, True) for inner in sorted(directory.iterdir()) if inner.is_dir())
        else:
            yield directory, False


def _read_package(root: Path, directory: Path, purpose: Purpose, *, metapackage: bool) -> Package:
    shown = directory.relative_to(root).as_posix()
    definition = read_definition(root, f"{shown}/definition.yaml", purpose)
    packaging = _packaging(directory, shown)
    scripts = tuple(known.name for known in formats() if (directory / known.packaging / "build.sh").is_file())
    found = {}
    for architecture, document in definition.documents.items():
        declared = _declared(document, shown, directory.name)
        found[architecture] = replace(declared, metapackage=metapackage, packaging=packaging, scripts=scripts)
    return replace(_merged(found, f"{shown}/definition.yaml"), definition_files=definition.files)


def _merged(variants: Mapping[str, Package], file: str) -> Package:
    """One package; what differs between architectures is in its `variants`, all names that it needs are its own."""
    first, *others = variants.values()
    if all(other == first for other in others):
        return first
    for other in others:
        if other.name != first.name:
            message = f"the name must be the same for all architectures, not {first.name} and {other.name}"
            raise InputError(message, location=Location(file=file))
        if ("all" in other.architectures) != ("all" in first.architectures):
            message = "a package is of every architecture (architectures: all) for all of them, or for none"
            raise InputError(message, location=Location(file=file))
    requires = dict.fromkeys(name for variant in variants.values() for name in variant.requires)
    provides = dict.fromkeys(name for variant in variants.values() for name in variant.provides)
    return replace(first, requires=tuple(requires), provides=tuple(provides), variants=variants)


def _declared(document: Document, shown: str, default: str) -> Package:
    """What a definition says; its data is checked."""
    name = str(document.data.get("name", default))
    _check_fields(document, name)
    data = document.data
    return Package(
        name=name,
        directory=shown,
        version=str(data.get("version", "")),
        summary=str(data.get("summary", "")),
        architectures=_words(data.get("architectures", ())),
        requires=_words(data.get("requires", ())),
        provides=_words(data.get("provides", ())),
        archive=_archive(document),
        epoch=_date_epoch(document),
    )


def _packaging(directory: Path, shown: str) -> Mapping[str, Packaging]:
    """What each format finds in its directory, by the name of the format."""
    read = {
        known.name: known.read_packaging(directory / known.packaging, f"{shown}/{known.packaging}")
        for known in formats()
    }
    return {name: packaging for name, packaging in read.items() if packaging is not None}


def _check_fields(document: Document, name: str) -> None:
    """Raises InputError with everything that is wrong with a definition."""
    faults = [
        Fault(message=problem, location=document.where(field))
        for field, value in document.data.items()
        if (problem := _problem(field, value))
    ]
    if not is_name(name):
        faults.append(Fault(message=f"{name!r} cannot be a package name", location=document.where("name")))
    faults += _archive_faults(document)
    if faults:
        raise InputError(f"{document.file} cannot be used", faults=tuple(faults))


def _problem(field: str, value: object) -> str:
    if field not in _FIELDS:
        return f"unknown field {field}{did_you_mean(field, _FIELDS)}"
    if field in _TEXTS:
        return _text_problem(field, value)
    if field in _LISTS and not _is_words(value):
        return f"{field} must be a list of names"
    if field == "architectures":
        return _architectures_problem(value)
    if field == "archive" and not isinstance(value, dict):
        return "archive must be a map of targets"
    return ""


def _text_problem(field: str, value: object) -> str:
    if not isinstance(value, str):
        return f"{field} must be text"
    if field == "date" and value:
        try:
            datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            return "date must be YYYY-MM-DD"
    return ""


def _architectures_problem(value: object) -> str:
    if value in ("all", ["all"]):
        return ""
    if not _is_words(value):
        return "architectures must be `all` or a list of architectures"
    unknown = [word for word in _words(value) if word not in _ARCHITECTURES]
    return f"unknown architecture {unknown[0]}{did_you_mean(unknown[0], _ARCHITECTURES)}" if unknown else ""


def _archive_faults(document: Document) -> Iterator[Fault]:
    value = document.data.get("archive")
    for target, pin in value.items() if isinstance(value, dict) else ():
        where = f"archive.{target}"
        if not isinstance(pin, dict) or set(pin) != {"version", "sha256"}:
            yield Fault(message="an archive pin has version and sha256", location=document.where(where))
        elif not _SHA256.fullmatch(str(pin["sha256"])):
            message = "sha256 must be 64 hexadecimal digits"
            yield Fault(message=message, location=document.where(f"{where}.sha256"))


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def _archive(document: Document) -> Mapping[str, Archive]:
    value = document.data.get("archive")
    pins = value.items() if isinstance(value, dict) else ()
    return {target: Archive(version=str(pin["version"]), sha256=str(pin["sha256"])) for target, pin in pins}


def _date_epoch(document: Document) -> int:
    text = str(document.data.get("date", ""))
    return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()) if text else 0
