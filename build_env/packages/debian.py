"""Owns what `deb/control` and `deb/changelog` say: binary packages, what they need, the date of the last change."""

from __future__ import annotations

from email.utils import mktime_tz, parsedate_tz
from typing import TYPE_CHECKING

from build_env.core.errors import InputError, Location
from build_env.model.package import Packaging

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["build_depends_of", "read_debian"]

_BUILD_FIELDS = ("Build-Depends", "Build-Depends-Arch", "Build-Depends-Indep")
_RUN_FIELDS = ("Pre-Depends", "Depends")


def read_debian(directory: Path, shown: str) -> Packaging:
    """The facts of one Debian packaging directory; `shown` is its name in errors."""
    from debian.deb822 import Deb822  # noqa: PLC0415 - only trees with Debian packaging pay for it

    with (directory / "control").open(encoding="utf-8") as file:
        paragraphs = [dict(paragraph) for paragraph in Deb822.iter_paragraphs(file, use_apt_pkg=False)]
    if not paragraphs or "Source" not in paragraphs[0]:
        raise InputError(
            "the first paragraph must have a Source field", location=Location(file=f"{shown}/control", line=1)
        )
    source, binaries = paragraphs[0], paragraphs[1:]
    if not binaries or any("Package" not in binary for binary in binaries):
        raise InputError("a paragraph without a Package field", location=Location(file=f"{shown}/control"))
    return Packaging(
        binaries=tuple(binary["Package"] for binary in binaries),
        build_depends=build_depends_of(source),
        depends=_names(binary.get(field, "") for binary in binaries for field in _RUN_FIELDS),
        all_only=all(binary.get("Architecture", "").strip() == "all" for binary in binaries),
        epoch=_changelog_epoch(directory / "changelog", f"{shown}/changelog"),
    )


def build_depends_of(source: Mapping[str, str]) -> tuple[str, ...]:
    """The package names in the Build-Depends fields of a source paragraph (control or .dsc)."""
    return _names(source.get(field, "") for field in _BUILD_FIELDS)


def _names(fields: Iterable[str]) -> tuple[str, ...]:
    """Names in relationship fields: each alternative, without version, architecture, profile and substitution."""
    names = {}
    for field in fields:
        for group in field.replace("\n", " ").split(","):
            for alternative in group.split("|"):
                word = alternative.strip().split("(")[0].split("[")[0].split("<")[0].strip()
                name = word.split(":")[0]
                if name and not name.startswith("$"):
                    names[name] = None
    return tuple(names)


def _changelog_epoch(changelog: Path, shown: str) -> int:
    """Seconds of the top entry's date, as dpkg takes SOURCE_DATE_EPOCH."""
    if not changelog.is_file():
        raise InputError("Debian packaging needs a changelog", location=Location(file=shown))
    for number, line in enumerate(changelog.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(" -- "):
            parsed = parsedate_tz(line.rpartition(">")[2].strip())
            if parsed is None:
                raise InputError("the entry's date cannot be read", location=Location(file=shown, line=number))
            return mktime_tz(parsed)
    raise InputError("no finished entry (a line that begins with ` -- `)", location=Location(file=shown))
