"""Owns `import` of a package: from what lies somewhere to a directory of `src/`, read by its format in a room.

Nothing is written before all is known to be good: a package that could not be planned is not brought in.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from build_env.app.session import open_session
from build_env.core.errors import Fault, InputError, UsageError
from build_env.core.paths import ProjectPaths
from build_env.core.texts import read_text
from build_env.formats.registry import formats
from build_env.inspect.hook_room import HookRoom
from build_env.model.options import BuildOptions
from build_env.packages.read import read_packages
from build_env.projects.importing import lay_package, refuse_existing, written_package
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from build_env.app.project import Project
    from build_env.core.errors import Location
    from build_env.formats.format import Format
    from build_env.model.package import Package

__all__ = ["Imported", "import_package", "import_words", "targets_for"]


@dataclass(frozen=True, kw_only=True)
class Imported:
    """A package that was brought in: the names of its files from the root, and the target whose room read it.

    `listed` says whether that target builds it already.
    """

    name: str
    files: tuple[str, ...]
    target: str
    listed: bool


def import_words() -> Mapping[str, Format]:
    """By the words of the command line, the formats that packages can be imported from."""
    return {each.import_word: each for each in formats() if each.import_word}


def targets_for(project: Project, known: Format) -> tuple[str, ...]:
    """The targets that build packages of that format, the newest release first.

    Raises UsageError when there is none.
    """
    loaded = {name: load_target(project.paths, name).variables.get("FAMILY") for name in project.target_names()}
    names = sorted((name for name, family in loaded.items() if family == known.name), key=_release, reverse=True)
    if not names:
        raise UsageError(f"no target builds packages of the format {known.name}", hint="name one with --target")
    return tuple(names)


def _release(name: str) -> tuple[list[int], str]:
    """What targets are compared by: the numbers of their release."""
    return [int(number) for number in re.findall(r"\d+", name)], name


def import_package(project: Project, known: Format, place: Path, target: str, tell: Callable[[str], None]) -> Imported:
    """Bring in the package at `place`, read in a room of `target`.

    Raises UsageError when there is no package at `place` or one of its name already, InputError for what is wrong with
    it, with the places.
    """
    with TemporaryDirectory(prefix="build-env-import-") as directory:
        root = Path(directory).resolve()
        laid = lay_package(place, root)
        refuse_existing(project.paths, laid.name)
        package = read_packages(ProjectPaths(root=root))[laid.name]
        if known.name not in package.packaging:
            raise UsageError(f"{place} is nothing that import {known.import_word} can read")
        _refuse_faults(place, package.faults_for(known.name))
        options = BuildOptions(targets=(target,), architectures=(project.host.architecture,), engine="docker")
        with open_session(project, options, writes=True) as session:
            session.connected()
            room = HookRoom(session=session, root=root, outside=laid.outside, failure=_failure(place), tell=tell)
            package = _scanned(room, known, package, root / "scanned")
            _refuse_faults(place, package.faults_for(known.name))
            archive = _unpacked(room, package, root / "unpacked", tell)
        name = archive.name.removesuffix(".tar")
        with written_package(project.paths, name, archive) as written:
            if not package.packaging[known.name].epoch:
                day = datetime.fromtimestamp(place.stat().st_mtime, UTC)
                (written / "definition.yaml").write_text(f"date: {day:%Y-%m-%d}\n", encoding="utf-8")
            files = sorted(
                f"src/{name}/{path.relative_to(written)}" for path in written.rglob("*") if not path.is_dir()
            )
    named = load_target(project.paths, target).names("PACKAGES")
    return Imported(name=name, files=tuple(files), target=target, listed=not named or name in named)


def _scanned(room: HookRoom, known: Format, package: Package, collect: Path) -> Package:
    """The package with what only a room may read of it."""
    if known.scan is None or known.scan.of_pins:
        return package
    collect.mkdir()
    room.run("run_scan", (package,), {"BUILD_STAGE": "scan"}, collect)
    report = read_text(collect / known.scan.report, known.scan.report)
    return known.scan.read({package.name: package}, report)[package.name]


def _unpacked(room: HookRoom, package: Package, collect: Path, tell: Callable[[str], None]) -> Path:
    """The archive of the package's files, called like it."""
    collect.mkdir()
    environment = {"BUILD_PACKAGE": package.name, "BUILD_STAGE": "import"}
    for line in room.run("run_unpack", package, environment, collect):
        if line.startswith("note: "):
            tell(line.removeprefix("note: "))
    archives = sorted(collect.glob("*.tar"))
    if len(archives) != 1:
        raise InputError("the hook run_unpack did not leave one archive NAME.tar")
    return archives[0]


def _refuse_faults(place: Path, faults: Iterable[Fault]) -> None:
    """Raise InputError with the faults of a package; files are called as they are where they came from."""
    shown = tuple(Fault(message=fault.message.removeprefix("error: "), location=_there(fault)) for fault in faults)
    if shown:
        raise InputError(_failure(place), faults=shown)


def _there(fault: Fault) -> Location | None:
    """The place of a fault without the directories of a room."""
    return replace(fault.location, file=posixpath.basename(fault.location.file)) if fault.location else None


def _failure(place: Path) -> str:
    return f"{place} cannot be imported"
