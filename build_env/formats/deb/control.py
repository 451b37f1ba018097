"""Owns what `deb/control` and `deb/changelog` say, and what a built `.deb` says of itself: names, needs, dates."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING

from debian.deb822 import Deb822

from build_env.core.errors import EnvironmentNotReady, Fault, InputError, Location
from build_env.core.later import imported_later
from build_env.core.texts import carriage_returns, read_text
from build_env.formats.deb.needs import architectures_of, formula_of, needs_in, substitutions_in
from build_env.formats.deb.source import build_depends_of, read_source
from build_env.formats.deb.syntax import faults_of
from build_env.formats.format import PackageFacts
from build_env.model.package import Binary, Packaging

with imported_later():
    from build_env.formats.deb import built as deb_built

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from build_env.model.package import Need, Package

__all__ = ["PINNED_CONTROL", "build_depends_in", "packaging_in", "read_deb", "read_packaging", "with_pinned"]

_NAMED = re.compile(r"^Package:[ \t]*([a-z0-9][a-z0-9+.-]+)", re.MULTILINE | re.IGNORECASE)
_MAINTAINER_SCRIPTS = frozenset({"config", "postinst", "postrm", "preinst", "prerm"})  # alone or behind `PACKAGE.`
_TYPE_FIELDS = ("package-type", "xc-package-type")
_RUN_FIELDS = ("Pre-Depends", "Depends")
PINNED_CONTROL = "pinned-control.txt"  # as common/deb/build.sh writes it
_PINNED_MARK = "#package "
_LINKED = "shlibs:Depends"
_DIRECTORIES = ("deb", "debian")  # elsewhere a file called `control` may be anything
_NO_PACKAGES = frozenset({_LINKED, "misc:Depends", "misc:Pre-Depends"})  # other substitutions may be any package


def read_packaging(directory: Path, shown: str) -> Packaging | None:
    """The facts of one Debian packaging directory, or of the source package in it; None where it has neither.

    `shown` is its name in errors.

    Raises:
        InputError: there is more than one source package, or it cannot be read, or the control file is larger than any.

    """
    if directory.name not in _DIRECTORIES:
        return read_source(directory, shown)
    if not (directory / "control").is_file():
        return None
    # Names and dates are ASCII; in which encoding people of old wrote theirs is dpkg's business.
    text = read_text(directory / "control", f"{shown}/control", errors="replace")
    faults: tuple[Fault, ...] = ()
    try:
        packaging = packaging_in(text, f"{shown}/control")
    except InputError as error:
        faults = error.all_faults
        # Who needs these names must hear of the fault, and not get another package of that name.
        packaging = Packaging(binaries=tuple(Binary(name=name) for name in _NAMED.findall(text)))
    with contextlib.suppress(FileNotFoundError):
        faults += carriage_returns(directory / "rules", f"{shown}/rules")
    for script in sorted(each for each in directory.iterdir() if each.name.rpartition(".")[2] in _MAINTAINER_SCRIPTS):
        if script.is_file():
            faults += carriage_returns(script, f"{shown}/{script.name}", perhaps=True)
    try:
        return replace(packaging, epoch=_changelog_epoch(directory / "changelog", f"{shown}/changelog"), faults=faults)
    except InputError as error:
        return replace(packaging, faults=(*faults, *error.all_faults))


def packaging_in(control: str, shown: str) -> Packaging:
    """The facts in the text of a control file, `shown` in errors.

    Raises:
        InputError: it cannot be used; it has the place.

    """
    source, binaries = _control(control, shown)
    # Packages for Debian's installer are not built, and nobody's build dependency.
    built = [binary for binary in binaries if _type_of(binary) == "deb"]
    of_all = [binary["Architecture"].strip() == "all" for binary in built]
    return Packaging(
        binaries=tuple(map(_binary, built)),
        build_depends=build_depends_of(source),
        all_only=bool(built) and all(of_all),
        mixed=any(of_all) and not all(of_all),
    )


def with_pinned(packages: Mapping[str, Package], report: str, _target: str = "") -> dict[str, Package]:
    """`packages` with the control files of the sources from the archive, each behind a line that says whose it is."""
    result = dict(packages)
    for part in report.split(_PINNED_MARK)[1:]:
        name, _, control = part.partition("\n")
        if name in result:
            try:
                packaging = packaging_in(control, f"debian/control of the pinned source of {name}")
            except InputError as error:
                packaging = Packaging(faults=error.all_faults)
            result[name] = replace(result[name], packaging={**result[name].packaging, "deb": packaging})
    return result


def _type_of(fields: Mapping[str, str]) -> str:
    """What kind of package it is, `deb` or `udeb`; debhelper and dpkg take the field of old as well."""
    lowered = {name.lower(): value for name, value in fields.items()}
    return next((lowered[name].strip().lower() for name in _TYPE_FIELDS if name in lowered), "deb")


def _binary(fields: Mapping[str, str]) -> Binary:
    needed = [fields.get(field, "") for field in _RUN_FIELDS]
    found = substitutions_in(needed)
    return Binary(
        name=fields["Package"].strip(),
        provides=_names([fields.get("Provides", "")]),
        depends=needs_in(needed),
        every_architecture=fields["Architecture"].strip() == "all",
        architectures=architectures_of(fields["Architecture"]),
        profiles=formula_of(fields.get("Build-Profiles", "")),
        foreign=fields.get("Multi-Arch", "").strip() == "foreign",
        linked=_LINKED in found,
        generated=bool(found - _NO_PACKAGES),
    )


def _control(text: str, shown: str) -> tuple[Mapping[str, str], list[Mapping[str, str]]]:
    """The source paragraph and those of the binary packages.

    Raises:
        InputError: a paragraph or a field is missing, or dpkg refuses one.

    """
    read = list(_paragraphs(text))
    if not read:
        raise InputError("it is empty", location=Location(file=shown, line=1))
    if refused := tuple(fault for lines in read for fault in faults_of(lines, shown)):
        raise InputError(f"{shown} cannot be used", faults=refused)
    paragraphs = [(lines[0][0], dict(Deb822(line for _, line in lines))) for lines in read]
    (first, source), binaries = paragraphs[0], paragraphs[1:]
    faults = [] if "Source" in source else [("the first paragraph must have a Source field", first)]
    if not binaries:
        faults.append(("a paragraph with a Package field is missing: nothing would be built", first))
    for line, binary in binaries:
        faults += [
            (f"a paragraph without the field {field}", line)
            for field in ("Package", "Architecture")
            if field not in binary
        ]
    if faults:
        listed = tuple(Fault(message=message, location=Location(file=shown, line=line)) for message, line in faults)
        raise InputError(f"{shown} cannot be used", faults=listed)
    return source, [binary for _, binary in binaries]


def _paragraphs(text: str) -> Iterator[list[tuple[int, str]]]:
    """The lines of each paragraph with their numbers; comments belong to none."""
    lines: list[tuple[int, str]] = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            lines.append((number, line))
        elif lines:
            yield lines
            lines = []


def build_depends_in(dsc: str) -> tuple[Need, ...]:
    """What the Build-Depends fields of a `.dsc`, given as text, ask for."""
    return build_depends_of(dict(Deb822(dsc)))


def read_deb(path: Path) -> PackageFacts | None:
    """What the `.deb` at `path` says of itself, or None when its control file cannot be read here."""
    try:
        control = deb_built.control_of(path, path.name)
    except (InputError, EnvironmentNotReady):
        return None
    return PackageFacts(
        name=control.get("Package", ""),
        provides=_names([control.get("Provides", "")]),
        depends=needs_in(control.get(field, "") for field in _RUN_FIELDS),
        architecture=control.get("Architecture", "").removeprefix("all"),
        foreign=control.get("Multi-Arch", "") == "foreign",
    )


def _names(fields: Iterable[str]) -> tuple[str, ...]:
    """Names in relationship fields: each alternative, without version, architecture, profile and substitution."""
    return tuple(dict.fromkeys(alternative.name for need in needs_in(fields) for alternative in need))


def _changelog_epoch(changelog: Path, shown: str) -> int:
    """Seconds of the top entry's date, as dpkg takes SOURCE_DATE_EPOCH.

    Raises:
        InputError: there is no changelog, or no finished entry in it.

    """
    if not changelog.is_file():
        raise InputError("Debian packaging needs a changelog", location=Location(file=shown))
    text = read_text(changelog, shown, errors="replace")
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith(" -- "):
            return _seconds(line, Location(file=shown, line=number, column=line.rfind(">") + 2))
    raise InputError("no finished entry (a line that begins with ` -- `)", location=Location(file=shown))


def _seconds(line: str, where: Location) -> int:
    parsed = parsedate_tz(line.rpartition(">")[2].strip())
    try:
        if parsed is not None:
            return mktime_tz(parsed)
    except (ValueError, OverflowError):
        pass
    raise InputError("the entry's date cannot be read", location=where)
