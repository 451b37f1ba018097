"""Owns `import` of a package: from what lies somewhere to a directory of `src/`, read by its format in a room.

Nothing is written before all is known to be good: a package that could not be planned is not brought in.
"""

from __future__ import annotations

import contextlib
import posixpath
import re
import shutil
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from build_env.app.session import open_session
from build_env.core.canonical import digest_file
from build_env.core.errors import Fault, InputError, UsageError
from build_env.core.paths import ProjectPaths
from build_env.core.texts import read_text
from build_env.formats.registry import formats
from build_env.inspect.find_source import find_source
from build_env.inspect.hook_room import HookRoom
from build_env.manifest.edit import written
from build_env.model.options import BuildOptions
from build_env.model.package import Archive, Package
from build_env.packages.definitions import Purpose
from build_env.packages.names import check_name
from build_env.packages.read import read_packages
from build_env.projects.importing import lay_package, new_package, refuse_existing, unpack
from build_env.targets.load import load_target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from build_env.app.project import Project
    from build_env.core.errors import Location
    from build_env.formats.format import Format
    from build_env.model.source import FoundSource

__all__ = ["Imported", "import_package", "import_pin", "import_same", "import_tree", "import_words", "targets_for"]


DEFINITION_FILE = "definition.yaml"
_AS_TREE = "with --tree it becomes a tree of the project's own"


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
    with _staging() as root:
        laid = lay_package(place, root)
        refuse_existing(project.paths.sources, laid.name)
        package = _read(root, laid.name, laid.outside)
        _refuse_faults(str(place), package.faults)
        if known.name not in package.packaging:
            raise UsageError(f"{place} is nothing that import {known.import_word} can read")
        _refuse_faults(str(place), package.faults_for(known.name))
        with _room(project, target, root, laid.outside, str(place), tell) as room:
            package = _scanned(room, known, package, root / "scanned")
            _refuse_faults(str(place), package.faults_for(known.name))
            made = _unpacked(room, package, root, tell)
        day = datetime.fromtimestamp(place.stat().st_mtime, UTC) if not package.packaging[known.name].epoch else None
        return _brought_in(project, known, made, target, day)


def import_tree(
    project: Project, known: Format, name: str, version: str, target: str, tell: Callable[[str], None]
) -> Imported:
    """Bring in the files of the source package `name` of the target's distribution, as `import_pin`."""
    refuse_existing(project.paths.sources, name)
    found = find_source(project, target, name, tell, version=version)
    archive = {target: Archive(version=found.version, sha256=found.sha256)}
    package = Package(name=name, directory=f"src/{name}", archive=archive)
    with _staging() as root:
        (root / "src" / name).mkdir(parents=True)
        with _room(project, target, root, "", name, tell) as room:
            made = _unpacked(room, package, root, tell)
        return _brought_in(project, known, made, target, None)


@contextlib.contextmanager
def _staging() -> Iterator[Path]:
    """A directory for what is on its way."""
    with TemporaryDirectory(prefix="build-env-import-") as name:
        yield Path(name).resolve()


@contextlib.contextmanager
def _room(
    project: Project, target: str, root: Path, outside: str, what: str, tell: Callable[[str], None]
) -> Iterator[HookRoom]:
    options = BuildOptions(targets=(target,), architectures=(project.host.architecture,), engine="docker")
    with open_session(project, options, writes=True) as session:
        session.connected()
        yield HookRoom(session=session, root=root, outside=outside, failure=_failure(what), tell=tell)


def _brought_in(project: Project, known: Format, made: Path, target: str, day: datetime | None) -> Imported:
    """The package whose files lie in `made`, in the project; dated with `day` where its packaging says no date."""
    name = made.name
    package = _read(made.parent.parent, name)
    _refuse_faults(name, package.faults_for(known.name))
    if day and not package.date(known.name):
        (made / DEFINITION_FILE).write_text(f"date: {day:%Y-%m-%d}\n", encoding="utf-8")
    return _taken(project, made, target)


def _read(root: Path, name: str, outside: str = "") -> Package:
    """The package that lies in `root`/src/NAME. Raises UsageError when it has a definition that calls it otherwise."""
    packages = read_packages(ProjectPaths(root=root), Purpose(outside=outside))
    if name not in packages:
        message = f"its {DEFINITION_FILE} calls it {', '.join(packages)}, and its packaging {name}"
        raise UsageError(message, hint="give both the same name")
    return packages[name]


def _taken(project: Project, made: Path, target: str) -> Imported:
    """What lies in the directory `made`, as the package of that name."""
    name = made.name
    with new_package(project.paths.sources, name) as directory:
        shutil.copytree(made, directory, symlinks=True, dirs_exist_ok=True)
    files = sorted(f"src/{name}/{path.relative_to(made)}" for path in made.rglob("*") if _is_leaf(path))
    return Imported(name=name, files=tuple(files), target=target, listed=_is_listed(project, target, name))


def import_pin(
    project: Project, name: str, version: str, target: str, patches: Sequence[Path], tell: Callable[[str], None]
) -> Imported:
    """Make a package of the source package `name` of the target's distribution, the newest or that of a `version`.

    Copies of `patches` are put on top of it. Raises UsageError when there is none, or a package of that name already,
    InputError for patches that are not there or have names that cannot be written.
    """
    refuse_existing(project.paths.sources, name)
    _refuse_missing(patches)
    return _pinned(project, find_source(project, target, name, tell, version=version), target, patches)


def import_same(
    project: Project,
    known: Format,
    place: Path,
    target: str,
    patches: Sequence[Path],
    tell: Callable[[str], None],
) -> Imported:
    """Make a package of the source package of the target's distribution that the one at `place` is a copy of.

    Raises UsageError when the distribution has other bytes, or none of that name, or there is a package already.
    """
    if not place.name.endswith(known.source_suffix) or not place.is_file():
        raise UsageError(f"{place} is no source package of a distribution", hint=_AS_TREE)
    name, _ = known.source_files(place)
    refuse_existing(project.paths.sources, name)
    _refuse_missing(patches)
    digest, newest = digest_file(str(place)), find_source(project, target, name, tell)
    others = (find_source(project, target, name, tell, version=each) for each in newest.known if each != newest.version)
    for found in (newest, *others):
        if found.sha256 == digest:
            return _pinned(project, found, target, patches)
    raise UsageError(
        f"{place.name} is not what {target} has as {name} {' and '.join(newest.known)}: it cannot be pinned",
        hint=_AS_TREE,
    )


def _refuse_missing(patches: Sequence[Path]) -> None:
    """Raises UsageError for patches that are no files, or are called alike."""
    names = [patch.name for patch in patches]
    for patch in patches:
        if not patch.is_file():
            raise UsageError(f"the patch {patch} does not exist")
        if names.count(patch.name) > 1:
            raise UsageError(f"two patches are called {patch.name}", hint="give one another name")


def _pinned(project: Project, found: FoundSource, target: str, patches: Sequence[Path]) -> Imported:
    """A package that is but the pin of a source package, with patches on top."""
    text = written({"archive": {target: {"version": found.version, "sha256": found.sha256}}})
    with _staging() as root:
        made = root / "src" / found.name
        (made / "patches" if patches else made).mkdir(parents=True)
        for patch in patches:
            shutil.copy(patch, made / "patches")
        listed = "".join(f"      - patches/{patch.name}\n" for patch in patches)
        listed = f"    patches:\n{listed}" if patches else ""
        (made / DEFINITION_FILE).write_text(text + listed, encoding="utf-8")
        _refuse_faults(found.name, _read(root, found.name).faults)
        return _taken(project, made, target)


def _is_leaf(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _is_listed(project: Project, target: str, name: str) -> bool:
    """Whether the target builds a package of that name."""
    loaded = load_target(project.paths, target)
    return "PACKAGES" not in loaded.variables or name in loaded.names("PACKAGES")


def _scanned(room: HookRoom, known: Format, package: Package, collect: Path) -> Package:
    """The package with what only a room may read of it; its sources need not be pinned yet."""
    if known.scan is None or known.scan.of_pins:
        return package
    collect.mkdir()
    room.run("run_scan", (package,), {"BUILD_STAGE": "scan"}, collect)
    report = read_text(collect / known.scan.report, known.scan.report)
    given = replace(package.packaging[known.name], source=package.name)  # as of a package that brings all itself
    taken = replace(package, packaging={**package.packaging, known.name: given})
    return known.scan.read({package.name: taken}, report, room.session.planner.target.name)[package.name]


def _unpacked(room: HookRoom, package: Package, root: Path, tell: Callable[[str], None]) -> Path:
    """The directory with the package's files, called like it; it is in the `src/` of another one."""
    collect = root / "unpacked"
    collect.mkdir()
    environment = {"BUILD_PACKAGE": package.name, "BUILD_STAGE": "import"}
    for line in room.run("run_unpack", package, environment, collect):
        if line.startswith("note: "):
            tell(line.removeprefix("note: "))
    archives = sorted(collect.glob("*.tar"))
    if len(archives) != 1:
        raise InputError("the hook run_unpack did not leave one archive NAME.tar")
    made = root / "made/src" / check_name(archives[0].name.removesuffix(".tar"))
    unpack(archives[0], made)
    return made


def _refuse_faults(place: str, faults: Iterable[Fault]) -> None:
    """Raise InputError with the faults of a package; files are called as they are where they came from."""
    shown = tuple(Fault(message=fault.message.removeprefix("error: "), location=_there(fault)) for fault in faults)
    if shown:
        raise InputError(_failure(place), faults=shown)


def _there(fault: Fault) -> Location | None:
    """The place of a fault without the directories of a room."""
    return replace(fault.location, file=posixpath.basename(fault.location.file)) if fault.location else None


def _failure(place: str) -> str:
    return f"{place} cannot be imported"
