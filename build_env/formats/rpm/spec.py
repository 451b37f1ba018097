"""Owns what spec files say: here as text, that there is one and its newest date, and the rest as a room reported it.

Parsing a spec runs code, so it happens in a room (`common/rpm/scan.sh`); this module reads only the report.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from build_env.core.errors import Fault, InputError, Location
from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.core.texts import carriage_returns, read_text
from build_env.formats.rpm.needs import debian_architecture, needs_in
from build_env.model.package import Binary, Packaging

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from build_env.model.package import Package

__all__ = ["SPEC_FACTS", "files_of_source", "read_packaging", "source_name", "with_spec_facts"]

SPEC_FACTS = "spec-facts.json"
_OF_LINE = re.compile(r"error: line (\d{1,9}): (.*)")
_SOURCE = ".src.rpm"
_INNER = ("rpm", "SPECS")
_ARCHIVE = re.compile(r".+\.(tar(\.[a-z0-9]+)?|t[gbx]z2?|zip|gem|crate|jar)")
_NOT_OWN = re.compile(
    r"\..*|rpm|SPECS|SOURCES|deb|debian|definition\.yaml|build\.yaml|package\.py|build\.sh|.*\.(spec|patch|diff|rpmlintrc)"
    r"|README.*|sources|tests|plans|ci\.fmf|gating\.yaml|rpminspect\.yaml|changelog"
)
_NAMED = re.compile(r"^Name[ \t]*:[ \t]*([A-Za-z0-9._+-]+)[ \t]*$", re.MULTILINE | re.IGNORECASE)
# Both forms that rpm reads: "* Wed Oct 01 2025 …" and "* Wed Oct 01 12:34:56 CEST 2025 …".
_CHANGE = re.compile(
    r"^\*[ \t]*[A-Z][a-z]{2}[ \t]+(?P<day>[A-Z][a-z]{2}[ \t]+\d{1,2})[ \t]+"
    r"(?:(?P<time>\d{1,2}:\d{1,2}:\d{1,2})[ \t]+(?P<zone>\S{1,9})[ \t]+)?(?P<year>\d{4})\b",
    re.MULTILINE,
)


def read_packaging(directory: Path, shown: str) -> Packaging | None:
    """What the one spec file in `directory` (in errors `shown`) says as text; None where there is none.

    In the place of a spec file a finished source package may lie there, of which only a room can tell.

    Raises:
        InputError: there is more than one, or its newest date cannot be read.

    """
    specs = sorted(directory.glob("*.spec"))
    sources = sorted(directory.glob(f"*{_SOURCE}"))
    if len(specs or sources) > 1:
        names = ", ".join(found.name for found in specs or sources)
        kind = "spec file" if specs else "source package"
        raise InputError(f"more than one {kind}: {names}", location=Location(file=shown))
    if not specs:
        return Packaging(source=sources[0].name) if sources else None
    file = f"{shown}/{specs[0].name}"
    faults = carriage_returns(specs[0], file)
    top = directory.parent if directory.name in _INNER else directory
    return Packaging(epoch=_epoch(specs[0], file), faults=faults, beside=_beside(top, directory), own=_own(top))


def _beside(top: Path, directory: Path) -> dict[str, str]:
    """The files that may be sources of the spec, by name, with their paths in the package: the nearest of each name."""
    places = [place for place in (top, top / "SOURCES", directory) if place.is_dir()]
    return {path.name: str(path.relative_to(top)) for place in places for path in place.iterdir() if _is_source(path)}


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix != ".spec"


def _own(top: Path) -> tuple[str, ...]:
    """The names at the top of a package that are neither packaging nor what goes with it, an archive can be made of."""
    return tuple(sorted(path.name for path in top.iterdir() if not _NOT_OWN.fullmatch(path.name)))


def source_name(directory: Path) -> str:
    """How the spec file calls its source, by the name of the file where it does not say so; empty without one."""
    for place in ("rpm", "SPECS", "."):
        for spec in sorted((directory / place).glob("*.spec"))[:1]:
            named = _NAMED.search(spec.read_text(encoding="utf-8", errors="replace"))
            return named[1] if named else spec.stem
    return ""


def files_of_source(path: Path) -> tuple[str, tuple[str, ...]]:
    """The name of a source package, from that of its file, and the one file it consists of.

    Raises:
        InputError: it is not called as source packages are.

    """
    named = re.fullmatch(r"(.+)-[^-]+-[^-]+", path.name.removesuffix(_SOURCE))
    if named is None:
        raise InputError(f"{path.name} is not called NAME-VERSION-RELEASE{_SOURCE}")
    return named[1], (path.name,)


def _epoch(spec: Path, shown: str) -> int:
    """The time of the newest %changelog entry, noon UTC where it has none, as rpm takes it; 0 without an entry.

    It stands as long as no room has asked rpm itself, which knows entries that macros write.

    Raises:
        InputError: the date of that entry cannot be read, or the file is larger than any spec.

    """
    text = read_text(spec, shown, errors="replace")
    entry = _CHANGE.search(text)
    if not entry:
        return 0
    try:
        zone = _zone(entry["zone"] or "UTC")
        words = f"{entry['day']} {entry['year']} {entry['time'] or '12:00:00'}"
        day = datetime.strptime(" ".join(words.split()), "%b %d %Y %H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        where = Location(file=shown, line=text.count("\n", 0, entry.start()) + 1)
        raise InputError("the date of the changelog entry cannot be read", location=where) from error
    return int(day.timestamp())


def _zone(name: str) -> tzinfo:
    """A name that the machine does not know means UTC, as for the C library and so for rpm."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return UTC


def with_spec_facts(packages: Mapping[str, Package], report: str, target: str = "") -> dict[str, Package]:
    """`packages` with the facts of a scan: one JSON object per line, as `common/rpm/scan.sh` writes them.

    Raises:
        InputError: a line is something else.

    """
    result = dict(packages)
    # A room has every package at `src/<name>`, wherever the project keeps it.
    by_directory = {f"src/{name}": package for name, package in packages.items()}
    for line in report.splitlines():
        facts = _facts(line)
        try:
            package = by_directory.get(facts["directory"])
            packaging = _with_facts(package, facts, target) if package else Packaging()
        except (TypeError, AttributeError, KeyError) as error:
            raise InputError(f"the scan of the spec files answered what it should not: {line[:80]}") from error
        if package is not None:
            result[package.name] = replace(package, packaging={**package.packaging, "rpm": packaging})
    return result


def _with_facts(package: Package, facts: Mapping[str, Any], target: str) -> Packaging:
    packaging = _with_sources(package, facts, target)
    if "unreadable" in facts:
        return replace(packaging, faults=(*packaging.faults, *_refused(facts["spec"], facts["unreadable"])))
    return replace(
        packaging,
        binaries=tuple(map(_binary, facts["packages"])),
        build_depends=needs_in(facts["build_requires"]),
        architectures=_architectures(facts.get("exclusive", ()), facts.get("excluded", ())),
        all_only=facts["noarch"],
        mixed=facts["mixed"],
        dynamic=facts["dynamic"],
        epoch=_seconds(facts.get("changed")) or packaging.epoch,
    )


def _architectures(exclusive: Iterable[str], excluded: Iterable[str]) -> frozenset[str] | None:
    """What ExclusiveArch and ExcludeArch leave, by Debian's names; None where they say nothing."""
    only = frozenset(map(debian_architecture, exclusive)) - {""}
    never = frozenset(map(debian_architecture, excluded))
    return (only or frozenset(MACHINE_TO_DEBIAN.values())) - never if only or never else None


def _with_sources(package: Package, facts: Mapping[str, Any], target: str) -> Packaging:
    """The packaging of the package with the files that are its sources, and a fault for each that cannot be had.

    What the package has of its own is made the archive that is missing. Where there is nothing, archives count also if
    git ignores them, and what can be fetched must be pinned.
    """
    packaging = package.packaging.get("rpm", Packaging())
    named, remote = facts.get("sources", ()), facts.get("remote", ())
    if packaging.source or set(packaging.own).difference(named):
        return packaging
    upstream = tuple(packaging.beside[name] for name in named if name in packaging.beside and _ARCHIVE.fullmatch(name))
    lacking = [name for name in named if name not in {*packaging.beside, *package.sources}]
    on_servers = dict(line.partition(" ")[::2] for line in remote)
    where = Location(file=f"{package.directory}/definition.yaml")  # that is where a pin is missing
    faults = [
        Fault(
            message=f"{on_servers[name]} is neither there nor pinned: build-env pin {package.name}@{target}",
            location=where,
        )
        for name in lacking
        if name in on_servers
    ]
    faults += [
        Fault(
            message=f"{name} is a source of the spec, and neither there nor is there anything to make it of",
            location=Location(file=package.directory),
        )
        for name in lacking
        if name not in on_servers and _ARCHIVE.fullmatch(name)
    ]
    return replace(packaging, upstream=upstream, faults=(*packaging.faults, *faults))


def _refused(spec: str, said: Iterable[str]) -> list[Fault]:
    """What rpm says of a spec file: where it names lines, each of these, else all that it says."""
    named = [match for line in said if (match := _OF_LINE.match(line))]
    if not named:
        return [Fault(message="; ".join(line.strip() for line in said), location=Location(file=spec))]
    return [Fault(message=match[2].strip(), location=Location(file=spec, line=int(match[1]))) for match in named]


def _seconds(value: object) -> int:
    return value if isinstance(value, int) else 0


def _binary(facts: Mapping[str, Any]) -> Binary:
    """One package of a spec. What rpm will find that it needs may be any package of the build."""
    return Binary(
        name=facts["name"],
        provides=tuple(name for name in facts["provides"] if name != facts["name"]),
        depends=needs_in(facts["requires"]),
        every_architecture=facts["noarch"],
        generated=True,
    )


def _facts(line: str) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except ValueError as error:
        raise InputError(f"the scan of the spec files answered something else than JSON: {line[:80]}") from error
    if isinstance(facts, dict) and {"directory", "spec", "unreadable"} <= facts.keys():
        return facts
    fields = {"directory", "build_requires", "noarch", "mixed", "dynamic", "packages"}
    fields |= {"sources", "remote"} & facts.keys() if isinstance(facts, dict) else set()
    of_packages = {"name", "noarch", "provides", "requires"}
    if not _is_whole(facts, fields) or not all(_is_whole(package, of_packages) for package in facts["packages"]):
        names = ", ".join(sorted(fields | of_packages))
        raise InputError(f"the scan of the spec files left out one of {names}, or wrote something else than is meant")
    return cast("dict[str, Any]", facts)


# What a hostile spec makes rpm answer is not what the scan promises: each value is looked at before it is used.
_LISTS = frozenset({"build_requires", "provides", "remote", "requires", "sources"})


def _is_whole(facts: object, fields: set[str]) -> bool:
    """Whether all fields are there, and each of the kind that it must be."""
    return isinstance(facts, dict) and all(name in facts and _fits(name, facts[name]) for name in fields)


def _fits(name: str, value: object) -> bool:
    if name == "packages":
        return isinstance(value, list)
    if name in _LISTS:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str if name in {"directory", "name"} else bool)
