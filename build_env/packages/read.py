"""Owns the reading of `src/`: which directories are packages, and their `definition.yaml`.

Reads; runs nothing. Spec files are not parsed here, because parsing them runs code (see `spec_facts`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, Fault, InputError, Location, UsageError
from build_env.core.suggest import did_you_mean
from build_env.manifest.yaml import Document, parse_mapping
from build_env.model.package import Archive, Package, Packaging
from build_env.packages.debian import read_debian

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from build_env.core.paths import ProjectPaths

__all__ = ["METAPACKAGES", "check_name", "read_packages"]

METAPACKAGES = "metapackages"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
_RPM_CHANGE = re.compile(r"^\* \w{3} (\w{3} +\d{1,2} \d{4})", re.MULTILINE)
_TEXTS = ("name", "version", "summary", "license", "date")
_LISTS = ("requires", "provides")
_FIELDS = (*_TEXTS, *_LISTS, "architectures", "archive")


def check_name(name: str) -> str:
    """`name` if it can be a package's name; raises UsageError otherwise."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise UsageError(
            f"{name!r} cannot be a package name",
            hint="names start with a letter or digit and hold letters, digits and + . _ -",
        )
    return name


def read_packages(paths: ProjectPaths) -> dict[str, Package]:
    """All packages of the project by name. Raises InputError with the faults of all of them at once."""
    packages: dict[str, Package] = {}
    faults: list[Fault] = []
    for directory, metapackage in _directories(paths.sources):
        try:
            package = _read_package(paths.root, directory, metapackage=metapackage)
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


def _read_package(root: Path, directory: Path, *, metapackage: bool) -> Package:
    shown = directory.relative_to(root).as_posix()
    file = directory / "definition.yaml"
    document = Document(file=f"{shown}/definition.yaml", data={})
    if file.is_file():
        document = parse_mapping(file.read_text(encoding="utf-8"), document.file)
    _check_fields(document)
    data = document.data
    packaging = {}
    if (directory / "deb" / "control").is_file():
        packaging["deb"] = read_debian(directory / "deb", f"{shown}/deb")
    specs = sorted(directory.glob("rpm/*.spec"))
    if specs:
        packaging["rpm"] = Packaging(epoch=_spec_epoch(specs[0]))
    if not _NAME.fullmatch(str(data.get("name", directory.name))):
        raise InputError(
            f"{data.get('name', directory.name)!r} cannot be a package name", location=document.where("name")
        )
    return Package(
        name=str(data.get("name", directory.name)),
        directory=shown,
        version=str(data.get("version", "")),
        summary=str(data.get("summary", "")),
        license=str(data.get("license", "")),
        metapackage=metapackage,
        architectures=_words(data.get("architectures", ())),
        requires=_words(data.get("requires", ())),
        provides=_words(data.get("provides", ())),
        archive=_archive(document),
        packaging=packaging,
        scripts=tuple(family for family in ("deb", "rpm") if (directory / family / "build.sh").is_file()),
        epoch=_date_epoch(document),
    )


def _check_fields(document: Document) -> None:
    faults = []
    for name, value in document.data.items():
        problem = ""
        if name not in _FIELDS:
            problem = f"unknown field {name}{did_you_mean(name, _FIELDS)}"
        elif name in _TEXTS and not isinstance(value, str):
            problem = f"{name} must be text"
        elif name in _LISTS and not _is_words(value):
            problem = f"{name} must be a list of names"
        elif name == "architectures" and not (isinstance(value, str) or _is_words(value)):
            problem = "architectures must be `all` or a list of architectures"
        if problem:
            faults.append(Fault(message=problem, location=document.where(name)))
    if faults:
        raise InputError(f"{document.file} cannot be used", faults=tuple(faults))


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _words(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def _archive(document: Document) -> Mapping[str, Archive]:
    value = document.data.get("archive", {})
    if not isinstance(value, dict):
        raise InputError("archive must be a map of targets", location=document.where("archive"))
    archives = {}
    for target, pin in value.items():
        if not isinstance(pin, dict) or set(pin) != {"version", "sha256"}:
            raise InputError("an archive pin has version and sha256", location=document.where(f"archive.{target}"))
        if not re.fullmatch(r"[0-9a-f]{64}", str(pin["sha256"])):
            raise InputError(
                "sha256 must be 64 hexadecimal digits", location=document.where(f"archive.{target}.sha256")
            )
        archives[target] = Archive(version=str(pin["version"]), sha256=str(pin["sha256"]))
    return archives


def _date_epoch(document: Document) -> int:
    text = str(document.data.get("date", ""))
    if not text:
        return 0
    try:
        return int(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise InputError("date must be YYYY-MM-DD", location=document.where("date")) from error


def _spec_epoch(spec: Path) -> int:
    """Noon UTC of the newest %changelog entry, as rpm takes it; the spec is read as text, not parsed."""
    found = _RPM_CHANGE.search(spec.read_text(encoding="utf-8", errors="replace"))
    if not found:
        return 0
    day = datetime.strptime(" ".join(found[1].split()), "%b %d %Y").replace(tzinfo=UTC, hour=12)
    return int(day.timestamp())
