"""Owns that a package brings no RPM files but those of its own source, under the names that its spec declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from build_env.core.errors import InputError
from build_env.core.later import imported_later
from build_env.core.texts import read_text

with imported_later():  # only where something is published
    from build_env.formats.rpm import tools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.formats.view import PackageFile

__all__ = ["NAMES", "check_declared"]

NAMES: Final = "declared-names.txt"  # a line for each package that the spec declares; the source stage writes it
_SOURCE: Final = (".src.rpm", ".nosrc.rpm")
_DEBUG: Final = ("-debuginfo", "-debugsource")  # rpmbuild makes these beside what is declared


def check_declared(files: Sequence[PackageFile], made: Sequence[PackageFile]) -> None:
    """See that the source packages among all that was `made` for a package are those of `files`, and declare them.

    Where no source package was made, or by a script that writes no names, nothing is known of that and nothing refused.

    Raises:
        InputError: one is not declared, or a file cannot be read.

    """
    sources = {file.artifact.name for file in made if file.artifact.name.endswith(_SOURCE)}
    lists = [file for file in made if file.artifact.name == NAMES]
    declared = {name for file in lists for name in read_text(file.path, file.artifact.name).split()}
    built = [file for file in files if not file.artifact.name.endswith(_SOURCE)]
    headers = tools.read_headers({file.artifact.name: file.path for file in built})
    for file, header in zip(built, headers, strict=True):
        if sources and header.source not in sources:
            raise InputError(
                f"{file.artifact.name} says that its source is {header.source}, "
                f"but it was built from {', '.join(sorted(sources))}",
                hint="publish what rpmbuild makes of the package's own spec file only",
            )
        if lists and _without_debug(header.name) not in declared and header.name not in declared:
            raise InputError(
                f"{file.artifact.name} is a package that its source does not declare: {', '.join(sorted(declared))}",
                hint=f"add a %package for {header.name} to the spec file",
            )


def _without_debug(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in _DEBUG if name.endswith(suffix)), name)
