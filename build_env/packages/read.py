"""Owns the reading of `src/`: which directories are packages, and their `definition.yaml`.

Reads; runs nothing. Spec files are not parsed here, because parsing them runs code (see `formats.rpm`).
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from build_env.core.bounds import ALLOW, Bounds
from build_env.core.errors import BuildEnvError, Fault, InputError, Location
from build_env.core.sizes import parse_size
from build_env.core.visible import visible_name
from build_env.formats.registry import formats
from build_env.model.package import Archive, Package, Packaging, Remote
from build_env.packages.choices import choices_in
from build_env.packages.definitions import PLACES, Purpose, no_definition, read_definition
from build_env.packages.fields import day_of
from build_env.packages.further import repositories_in
from build_env.packages.names import PACKAGE_NAME, is_name

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from build_env.core.paths import ProjectPaths
    from build_env.formats.format import Format
    from build_env.model.further import FurtherRepository

__all__ = ["METAPACKAGES", "package_names", "read_packages"]

METAPACKAGES = "metapackages"
_NAME = re.compile(r"""^name:[ \t]*["']?([^"'\s#]+)""", re.MULTILINE)


def read_packages(paths: ProjectPaths, purpose: Purpose | None = None) -> dict[str, Package]:
    """All packages of the project by name, as they are for `purpose`.

    One that cannot be used says why, and whatever of it could be read: others must not suffer from it.
    """
    packages: dict[str, Package] = {}
    purpose = purpose or Purpose()
    bounds = Bounds(root=paths.root, outside=purpose.outside)
    for directory, beside, metapackage in _directories(paths.sources):
        package = _read_package(bounds, directory, beside, purpose, metapackage=metapackage)
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


def _out_of_bounds(bounds: Bounds, entry: os.DirEntry[str] | None, shown: str) -> Fault | None:
    """A file or directory that would be read from outside of the project, and shown where it is not sound."""
    if entry and entry.is_symlink() and not bounds.allow(real := os.path.realpath(entry)):
        return Fault(message=f"leads out of the project, to {real}: {ALLOW}", location=Location(file=shown))
    return None


def _faults_of(error: BuildEnvError | OSError, shown: str) -> tuple[Fault, ...]:
    if isinstance(error, BuildEnvError):
        return error.all_faults
    return (Fault(message=f"it cannot be read: {error.strerror}", location=Location(file=shown)),)


def _directories(sources: Path) -> Iterator[tuple[os.DirEntry[str], list[str], bool]]:
    """The directories of packages, with the names of the files beside each, and whether it is of a metapackage."""
    listed = _listed(sources) if sources.is_dir() else []
    directories = [entry for entry in listed if _is(entry, os.DirEntry.is_dir)]
    beside = sorted({entry.name for entry in listed}.difference(entry.name for entry in directories))
    for entry in directories:
        if entry.name == METAPACKAGES:
            yield from ((inner, [], True) for inner in _listed(entry) if _is(inner, os.DirEntry.is_dir))
        elif not entry.name.startswith("."):
            yield entry, beside, False


def _listed(directory: Path | os.DirEntry[str]) -> list[os.DirEntry[str]]:
    """What is in a directory, by name: one question for all that may be there, as there are thousands of packages."""
    with os.scandir(directory) as scan:
        return sorted(scan, key=lambda entry: entry.name)


def _is(entry: os.DirEntry[str] | None, kind: Callable[[os.DirEntry[str]], bool]) -> bool:
    """Whether it is there and of that kind, or a link to something that is."""
    try:
        return entry is not None and kind(entry)
    except OSError:  # a link that leads in a circle, or where nobody may look
        return False


def _read_package(
    bounds: Bounds, directory: os.DirEntry[str], beside: Sequence[str], purpose: Purpose, *, metapackage: bool
) -> Package:
    shown = directory.path.removeprefix(f"{bounds.root}/")
    file = f"{shown}/definition.yaml"
    try:
        fault = _out_of_bounds(bounds, directory, shown)
        inner = {} if fault else {entry.name: entry for entry in _listed(directory)}
    except OSError as error:
        return Package(name=visible_name(directory.name), directory=shown, faults=_faults_of(error, shown))
    written = inner.get("definition.yaml")
    if fault := fault or _out_of_bounds(bounds, written, file):
        return Package(name=visible_name(directory.name), directory=shown, faults=(fault,))
    packagings = [(each, place, Path(directory, place)) for each in formats() for place in _places(each, inner)]
    scripts = tuple(each.name for each, place, path in packagings if place == each.packaging[0] and _has_script(path))
    try:
        is_written = _is(written, os.DirEntry.is_file)
        definitions = read_definition(bounds.root, file, purpose) if is_written else no_definition(file)
        _refuse_missing_patches(bounds.root, shown, definitions.values())
        declared = {
            arch: _declared(bounds, fields, shown, directory.name, purpose.target)
            for arch, fields in definitions.items()
        }
        package = _merged(declared, file)
    except (BuildEnvError, OSError) as error:
        package = Package(name=_named(directory), directory=shown, faults=_faults_of(error, file))
    packaging = _packaging(bounds, packagings, inner, beside, shown)
    complete = partial(replace, metapackage=metapackage, packaging=packaging, scripts=scripts)
    return complete(package, variants={arch: complete(variant) for arch, variant in package.variants.items()})


def _named(directory: os.DirEntry[str]) -> str:
    """What a definition that cannot be used calls the package; others that require it must hear of its faults."""
    try:
        found = _NAME.search(Path(directory, "definition.yaml").read_text(encoding="utf-8", errors="replace"))
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


def _declared(bounds: Bounds, fields: Mapping[str, object], shown: str, default: str, target: str) -> Package:
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
        sources=_sources(fields["sources"]),
        epoch=int(day_of(date).timestamp()) if date else 0,
        limits=_limits(fields["room"]),
        caches=_caches(fields["room"]),
        choices=choices_in(build if isinstance(build := fields["build"], dict) else {}),
        **_repositories(bounds, fields, target),
    )


def _repositories(bounds: Bounds, fields: Mapping[str, Any], target: str) -> dict[str, Any]:
    """The further repositories by target, and faults of keys; builds for `target` need those of no other one."""
    places = fields.get(PLACES, {})
    found: dict[str, tuple[FurtherRepository, ...]] = {}
    faults: list[Fault] = []
    for name, written in fields["repositories"].items():
        found[name], wrong = repositories_in(bounds, written, {each: places[name, each] for each in written})
        faults += wrong if target in {"", name} else ()
    return {"repositories": found, "faults": tuple(faults)}


def _limits(value: object) -> Mapping[str, int]:
    """The limits of rooms that the definition gives, in numbers or bytes."""
    given = value.items() if isinstance(value, dict) else ()
    return {name: parse_size(text) or int(text) for name, text in given if name != "caches" and text is not None}


def _caches(value: object) -> tuple[str, ...]:
    """The caches that rooms shall have."""
    return _words(value.get("caches")) if isinstance(value, dict) else ()


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def _archives(value: object) -> Mapping[str, Archive]:
    pins = value.items() if isinstance(value, dict) else ()
    return {
        target: Archive(version=pin["version"], sha256=pin["sha256"], patches=_words(pin["patches"]))
        for target, pin in pins
    }


def _sources(value: object) -> Mapping[str, Remote]:
    files = value.items() if isinstance(value, dict) else ()
    return {name: Remote(url=file["url"], sha256=file["sha256"]) for name, file in files}


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


def _places(known: Format, names: Collection[str]) -> Iterator[str]:
    """Where packaging of that format may lie in a package that has these names at its top."""
    yield from (place for place in known.packaging if place in names)
    if any(name.endswith(known.at_top) for name in names):
        yield "."


def _has_script(packaging: Path) -> bool:
    return (packaging / "build.sh").is_file()


def _upstream(known: Format, packaging: Path, at_top: Sequence[str], beside: Sequence[str]) -> tuple[str, ...]:
    """The files that its source consists of besides its tree, of the names at its top and of those beside it."""
    inside, outside = (known.upstream(packaging, names) for names in (at_top, beside))
    return (*inside, *(f"../{name}" for name in outside if name not in inside))


def _packaging(
    bounds: Bounds,
    packagings: Iterable[tuple[Format, str, Path]],
    top: Mapping[str, os.DirEntry[str]],
    beside: Sequence[str],
    shown: str,
) -> Mapping[str, Packaging]:
    """What each format finds in the first of its directories that has something, by the name of the format.

    `top` is what lies at the top of the package, `beside` are names of what lies beside it.
    """
    read: dict[str, Packaging] = {}
    for each, place, directory in packagings:
        if each.name in read:
            continue
        inner = shown if place == "." else f"{shown}/{place}"
        try:
            faults = _leading_out(bounds, each, place, top, shown)
            found = Packaging(faults=faults) if faults else each.read_packaging(directory, inner)
            if found is not None and not found.faults:
                found = replace(found, upstream=_upstream(each, directory, list(top), beside))
        except (BuildEnvError, OSError) as error:
            found = Packaging(faults=_faults_of(error, inner))
        if found is not None:
            read[each.name] = replace(found, directory=place)
    return read


def _leading_out(
    bounds: Bounds, known: Format, place: str, top: Mapping[str, os.DirEntry[str]], shown: str
) -> tuple[Fault, ...]:
    """What of the packaging at `place` would be read from outside of the project."""
    if place == ".":
        entries = {f"{shown}/{name}": entry for name, entry in top.items() if name.endswith(known.at_top)}
    elif fault := _out_of_bounds(bounds, top[place], f"{shown}/{place}"):
        return (fault,)
    else:
        listed = _listed(top[place]) if _is(top[place], os.DirEntry.is_dir) else ()
        entries = {f"{shown}/{place}/{entry.name}": entry for entry in listed}
    return tuple(fault for path, entry in entries.items() if (fault := _out_of_bounds(bounds, entry, path)))
