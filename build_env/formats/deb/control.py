"""Owns what `deb/control` and `deb/changelog` say, and what a built `.deb` says of itself: names, needs, dates."""

from __future__ import annotations

from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING

from debian.deb822 import Deb822

from build_env.core.errors import Fault, InputError, Location
from build_env.core.later import imported_later
from build_env.core.texts import read_text
from build_env.formats.format import PackageFacts
from build_env.model.package import Packaging

with imported_later():  # only the contents of packages need it
    from debian import arfile, debfile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

__all__ = ["build_depends_in", "control_of", "read_deb", "read_packaging"]

_BUILD_FIELDS = ("Build-Depends", "Build-Depends-Arch", "Build-Depends-Indep")
_RUN_FIELDS = ("Pre-Depends", "Depends")


def read_packaging(directory: Path, shown: str) -> Packaging | None:
    """The facts of one Debian packaging directory, None where it has no control file; `shown` is its name in errors.

    Raises:
        InputError: control or changelog cannot be used; it has the place.

    """
    if not (directory / "control").is_file():
        return None
    text = read_text(directory / "control", f"{shown}/control")
    source, binaries = _control(text, f"{shown}/control")
    of_all = [binary.get("Architecture", "").strip() == "all" for binary in binaries]
    return Packaging(
        binaries=tuple(binary["Package"] for binary in binaries),
        build_depends=_build_depends_of(source),
        depends=_names(binary.get(field, "") for binary in binaries for field in _RUN_FIELDS),
        all_only=all(of_all),
        mixed=any(of_all) and not all(of_all),
        epoch=_changelog_epoch(directory / "changelog", f"{shown}/changelog"),
    )


def _control(text: str, shown: str) -> tuple[Mapping[str, str], list[Mapping[str, str]]]:
    """The source paragraph and those of the binary packages.

    Raises:
        InputError: a paragraph or a field is missing.

    """
    paragraphs = [(line, dict(Deb822(lines))) for line, lines in _paragraphs(text)]
    if not paragraphs:
        raise InputError("it is empty", location=Location(file=shown, line=1))
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


def _paragraphs(text: str) -> Iterator[tuple[int, list[str]]]:
    """The line number and the lines of each paragraph; comments belong to none."""
    start, lines = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            start = start if lines else number
            lines.append(line)
        elif lines:
            yield start, lines
            lines = []


def build_depends_in(dsc: str) -> tuple[str, ...]:
    """The package names in the Build-Depends fields of a `.dsc`, given as text."""
    return _build_depends_of(dict(Deb822(dsc)))


def _build_depends_of(source: Mapping[str, str]) -> tuple[str, ...]:
    return _names(source.get(field, "") for field in _BUILD_FIELDS)


def read_deb(path: Path) -> PackageFacts | None:
    """What the `.deb` at `path` says of itself, or None when its control file cannot be read here."""
    try:
        control = control_of(path)
    except InputError:
        return None
    return PackageFacts(
        name=control.get("Package", ""),
        provides=_names([control.get("Provides", "")]),
        depends=_names(control.get(field, "") for field in _RUN_FIELDS),
    )


def control_of(path: Path) -> dict[str, str]:
    """The control file of the `.deb` at `path`.

    Raises:
        InputError: it cannot be read, or not here: a program that the machine may lack unpacks streams of zstd.

    """
    try:
        with debfile.DebFile(filename=str(path)) as file:
            return dict(file.debcontrol())
    except (arfile.ArError, OSError, EOFError, KeyError, ValueError) as error:
        raise InputError(f"not a readable Debian package: {path} ({error})") from error


def _names(fields: Iterable[str]) -> tuple[str, ...]:
    """Names in relationship fields: each alternative, without version, architecture, profile and substitution."""
    names: dict[str, None] = {}
    for field in fields:
        for group in field.replace("\n", " ").split(","):
            for alternative in group.split("|"):
                word = alternative.strip().split("(")[0].split("[")[0].split("<")[0].strip()
                name = word.split(":")[0]
                if name and not name.startswith("$"):
                    names[name] = None
    return tuple(names)


def _changelog_epoch(changelog: Path, shown: str) -> int:
    """Seconds of the top entry's date, as dpkg takes SOURCE_DATE_EPOCH.

    Raises:
        InputError: there is no changelog, or no finished entry in it.

    """
    if not changelog.is_file():
        raise InputError("Debian packaging needs a changelog", location=Location(file=shown))
    for number, line in enumerate(read_text(changelog, shown).splitlines(), 1):
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
