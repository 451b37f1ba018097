"""Owns the reading of `src/`: which directories are packages, and their `definition.yaml`.

Reads; runs nothing. Spec files are not parsed here, because parsing them runs code (see `formats.rpm`).
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from build_env.core.bounds import ALLOW, Bounds
from build_env.core.errors import BuildEnvError, Fault, InputError, Location
from build_env.core.sizes import parse_size
from build_env.core.visible import visible_name
from build_env.formats.registry import formats
from build_env.model.package import Archive, Package, Packaging
from build_env.packages.definitions import Purpose, read_definition
from build_env.packages.fields import day_of
from build_env.packages.names import PACKAGE_NAME, is_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from build_env.core.paths import ProjectPaths

__all__ = ["METAPACKAGES", "package_names", "read_packages"]

METAPACKAGES = "metapackages"
_NAME = re.compile(r"""^name:[ \t]*["']?([^"'\s#]+)""", re.MULTILINE)


def read_packages(paths: ProjectPaths, purpose: Purpose | None = None) -> dict[str, Package]:
    """All packages of the project by name, as they are for `purpose`.

    One that cannot be used says why, and whatever of it could be read: others must not suffer from it.
    """
    packages: dict[str, Package] = {}
    for directory, metapackage in _directories(paths.sources):
        package = _read_package(paths.root, directory, purpose or Purpose(), metapackage=metapackage)
        first = packages.get(package.name)
        if first:
            where = Location(file=package.directory)
            fault = Fault(message=f"the package {package.name} is declared in {first.directory} too", location=where)
            package = replace(first, faults=(*first.faults, fault))
        packages[package.name] = package
    return packages


def package_names(paths: ProjectPaths) -> frozenset[str]:
    """The names of all packages."""
    return frozenset(read_packages(paths))


def _out_of_bounds(bounds: Bounds, directory: Path, shown: str) -> Fault | None:
    """A package whose definition would be read from outside of the project, and shown where it is none."""
    for path, name in ((directory, shown), (directory / "definition.yaml", f"{shown}/definition.yaml")):
        if path.is_symlink() and not bounds.allow(real := os.path.realpath(path)):
            return Fault(message=f"leads out of the project, to {real}: {ALLOW}", location=Location(file=name))
    return None


def _faults_of(error: BuildEnvError | OSError, shown: str) -> tuple[Fault, ...]:
    if isinstance(error, BuildEnvError):
        return error.all_faults
    return (Fault(message=f"it cannot be read: {error.strerror}", location=Location(file=shown)),)


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
    if fault := _out_of_bounds(Bounds(root=root, outside=purpose.outside), directory, shown):
        return Package(name=visible_name(directory.name), directory=shown, faults=(fault,))
    packaging = _packaging(directory, shown)
    scripts = tuple(each.name for each in formats() if (directory / each.packaging[0] / "build.sh").is_file())
    file = f"{shown}/definition.yaml"
    try:
        definitions = read_definition(root, file, purpose)
        _refuse_missing_patches(root, shown, definitions.values())
        declared = {arch: _declared(fields, shown, directory.name) for arch, fields in definitions.items()}
        package = _merged(declared, file)
    except (BuildEnvError, OSError) as error:
        package = Package(name=_named(directory), directory=shown, faults=_faults_of(error, file))
    complete = partial(replace, metapackage=metapackage, packaging=packaging, scripts=scripts)
    return complete(package, variants={arch: complete(variant) for arch, variant in package.variants.items()})


def _named(directory: Path) -> str:
    """What a definition that cannot be used calls the package; others that require it must hear of its faults."""
    try:
        found = _NAME.search((directory / "definition.yaml").read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    return found[1] if found and is_name(found[1]) else visible_name(directory.name)


def _merged(variants: Mapping[str, Package], file: str) -> Package:
    """One package; what differs between architectures is in its `variants`, all names that it needs are its own.

    Raises:
        InputError: they are of different names, or only some are of every architecture.

    """
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


def _declared(fields: Mapping[str, object], shown: str, default: str) -> Package:
    """What the checked fields of a definition say.

    Raises:
        InputError: the name cannot be that of a package.

    """
    name = str(fields["name"] or default)
    if not is_name(name):
        raise InputError(f"{name!r} is not {PACKAGE_NAME.words}", location=Location(file=shown))
    architectures = fields["architectures"]
    date = str(fields["date"])
    return Package(
        name=name,
        directory=shown,
        version=str(fields["version"]),
        summary=str(fields["summary"]),
        tool=fields["role"] == "tool",
        architectures=("all",) if architectures == "all" else _words(architectures),
        requires=_words(fields["requires"]),
        provides=_words(fields["provides"]),
        archive=_archives(fields["archive"]),
        epoch=int(day_of(date).timestamp()) if date else 0,
        limits=_limits(fields["room"]),
    )


def _limits(value: object) -> Mapping[str, int]:
    """The limits of rooms that the definition gives, in numbers or bytes."""
    given = value.items() if isinstance(value, dict) else ()
    return {name: parse_size(text) or int(text) for name, text in given if text is not None}


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _archives(value: object) -> Mapping[str, Archive]:
    pins = value.items() if isinstance(value, dict) else ()
    return {
        target: Archive(version=pin["version"], sha256=pin["sha256"], patches=_words(pin["patches"]))
        for target, pin in pins
    }


def _refuse_missing_patches(root: Path, shown: str, definitions: Iterable[Mapping[str, object]]) -> None:
    """See that the patches of pins are there.

    Raises:
        InputError: some are not.

    """
    named = [patch for fields in definitions for pin in _archives(fields["archive"]).values() for patch in pin.patches]
    faults = tuple(
        Fault(message=f"the patch {patch} is not in {shown}/", location=Location(file=f"{shown}/definition.yaml"))
        for patch in dict.fromkeys(named)
        if not (root / shown / patch).is_file()
    )
    if faults:
        raise InputError(f"{shown}/definition.yaml cannot be used", faults=faults)


def _packaging(directory: Path, shown: str) -> Mapping[str, Packaging]:
    """What each format finds in the first of its directories that has something, by the name of the format."""
    read: dict[str, Packaging] = {}
    for each in formats():
        for place in each.packaging:
            inner = os.path.normpath(f"{shown}/{place}")
            try:
                found = each.read_packaging(directory / place, inner)
            except (BuildEnvError, OSError) as error:
                found = Packaging(faults=_faults_of(error, inner))
            if found is not None:
                read[each.name] = replace(found, directory=place)
                break
    return read
