"""Owns what a new package or target of a project consists of: files made from the templates beside this module."""

from __future__ import annotations

import re
import stat
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import UsageError
from build_env.core.schema import text_fits
from build_env.formats.registry import formats
from build_env.packages.names import check_name
from build_env.targets.discover import CONFIGURATION

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from build_env.core.paths import ProjectPaths

__all__ = ["PackagePlan", "new_package", "new_target"]

_TEMPLATES = Path(__file__).parent / "templates"
_EVERY = "every"
_OF_FORMATS = {"debian": "deb", "rpm": "rpm"}  # the directory of each format
_DESCRIPTION = ("It was made from a template and says hello. Write here for whom it is", "and what for.")


@dataclass(frozen=True, kw_only=True)
class PackagePlan:
    """A package to be written: `maintainer` is `Name <address>`; without `formats` it has packaging of all."""

    name: str
    language: str
    maintainer: str
    when: datetime
    summary: str = "Program that says hello"
    formats: Collection[str] = ()


def new_package(paths: ProjectPaths, plan: PackagePlan) -> tuple[str, ...]:
    """Write the package below `src/`; the names of its files from the root.

    Raises UsageError for a name that cannot be one, or when there is something of that name.
    """
    check_name(plan.name)
    for made in formats():
        if made.name in (plan.formats or _OF_FORMATS.values()) and not text_fits(made.source_names, plan.name):
            raise UsageError(f"a {made.name} source cannot be called {plan.name}: it needs {made.source_names.words}")
    directory = paths.sources / plan.name
    if directory.exists():
        raise UsageError(f"{directory.relative_to(paths.root)} is there already")
    written = []
    values = _values(plan)
    with disk_errors():
        for name, template in sorted(_templates(plan).items()):
            path = directory / _filled(name, values)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(template.read_text(encoding="utf-8"), values), encoding="utf-8")
            if template.stat().st_mode & stat.S_IXUSR:
                path.chmod(0o755)
            written.append(path.relative_to(paths.root).as_posix())
    return tuple(sorted(written))


def new_target(paths: ProjectPaths, name: str, like: str) -> str:
    """Write the target `name` as a copy of `like` in which the release is the new one; the name of its file.

    What else differs between releases (the codename, versions of compilers) is for a person to change. Raises
    UsageError when the name is none, or there is something of that name.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*/[A-Za-z0-9][A-Za-z0-9.-]*", name):
        raise UsageError(f"{name!r} cannot be a target", hint="a target is DISTRIBUTION/RELEASE: debian/14")
    file = paths.targets / name / CONFIGURATION
    shown = file.relative_to(paths.root).as_posix()
    if file.exists():
        raise UsageError(f"{shown} is there already")
    original = paths.locate(f"targets/{like}/{CONFIGURATION}").read_text(encoding="utf-8")
    old, new = (part.rpartition("/")[2] for part in (like, name))
    with disk_errors():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w|\.\d)", new, original), encoding="utf-8")
    return shown


def _templates(plan: PackagePlan) -> dict[str, Path]:
    """By name: what the language has stands in the place of what every package has."""
    found = {}
    for kind in (_EVERY, plan.language):
        for path in (_TEMPLATES / kind).rglob("*"):
            name = path.relative_to(_TEMPLATES / kind)
            of_format = _OF_FORMATS.get(name.parts[0])
            if path.is_file() and (not plan.formats or of_format is None or of_format in plan.formats):
                found[name.as_posix()] = path
    return found


def _values(plan: PackagePlan) -> Mapping[str, str]:
    description = "\n".join(_DESCRIPTION)
    return {
        "NAME": plan.name,
        "SUMMARY": plan.summary,
        "DESCRIPTION": description,
        "INDENTED": description.replace("\n", "\n "),
        "MAINTAINER": plan.maintainer,
        "YEAR": str(plan.when.year),
        "DAY": f"{plan.when:%Y-%m-%d}",
        "DAY_OF_MAIL": format_datetime(plan.when),
        # A day alone means its noon, which may be to come: then files would keep the times at which they were made.
        "DAY_OF_RPM": f"{plan.when.ctime()[:10]} {plan.when:%H:%M:%S} UTC {plan.when.year}".replace("  ", " 0"),
    }


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
