"""Owns that a package brings no names but those that its source declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from debian.deb822 import Dsc

from build_env.core.errors import InputError
from build_env.core.texts import read_text
from build_env.formats.deb.built import control_of
from build_env.formats.deb.source import DEPENDENCY_SET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.formats.view import PackageFile

__all__ = ["check_declared"]

_DEBUG: Final = "-dbgsym"  # debhelper makes these beside what is declared


def check_declared(files: Sequence[PackageFile], made: Sequence[PackageFile]) -> None:
    """See that the `.dsc` files among all that was `made` for a package declare those of `files` that are `.deb`.

    Where no source package was made, nothing is known and nothing refused.

    Raises:
        InputError: one is not declared, or a file cannot be read.

    """
    declared = {}
    for file in made:
        if file.artifact.name.endswith(".dsc") and file.artifact.name != DEPENDENCY_SET:
            control = Dsc(read_text(file.path, file.artifact.name))
            declared[str(control.get("Source", ""))] = str(control.get("Binary", "")).replace(",", " ").split()
    for file in files:
        if declared and file.artifact.name.endswith(".deb"):
            _check(file, declared)


def _check(file: PackageFile, declared: dict[str, list[str]]) -> None:
    name = file.artifact.name
    control = control_of(file.path, name)
    package = control.get("Package", "")
    source = control.get("Source", package).split(" ", 1)[0]
    if source not in declared:
        raise InputError(
            f"{name} says that its source is {source}, but it was built from {', '.join(sorted(declared))}",
            hint="the Source field follows from the first paragraph of deb/control",
        )
    if package.removesuffix(_DEBUG) not in declared[source] and package not in declared[source]:
        raise InputError(
            f"{name} is a package that its source does not declare: {', '.join(declared[source])}",
            hint=f"add a paragraph for {package} to deb/control",
        )
