"""Owns the projects of packages that are in none: below the user's state directory, by the directory of the packages.

Such a project takes targets, hooks and scripts from what is shipped; its `src/` holds links to the packages, which stay
where they are. Nothing is written there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tomli_w

from build_env.core.disk import disk_errors
from build_env.core.errors import UsageError
from build_env.core.paths import MARKER
from build_env.formats.registry import formats
from build_env.packages.names import check_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from build_env.formats.format import Format

__all__ = ["LoosePackage", "LooseProject", "is_package", "is_path", "loose_project", "package_at", "root_of"]

_SPEC = ".spec"
_HEADING = "# Made by build-env for packages that are in no project; docs/reference/packages.md says more\n"


@dataclass(frozen=True, kw_only=True)
class LooseProject:
    """A project at `root` for the packages called `names`."""

    root: Path
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LoosePackage:
    """One package: its name, the directory that it lies in, and if it is not all of that, its files.

    `beside` are files beside the directory.
    """

    name: str
    directory: Path
    files: tuple[str, ...] = ()
    beside: tuple[Path, ...] = ()


def is_path(word: str) -> bool:
    """Whether a word of a command line means a package by its place and not by its name."""
    # Most names have no dot, and formats take their time to be loaded.
    return "/" in word or word in {".", ".."} or ("." in word and word.endswith((_SPEC, *_suffixes())))


def is_package(directory: Path) -> bool:
    """Whether there is packaging of some format in the directory, or a finished source package."""
    return any(each.source_name(directory) or any(directory.glob(f"*{each.source_suffix}")) for each in _with_sources())


def loose_project(places: Sequence[Path], environ: Mapping[str, str]) -> LooseProject:
    """The project for the packages at `places`: directories, spec files or source packages; made or brought up to date.

    It holds these and no others. Raises UsageError for a place at which there is no package, and for what cannot be a
    package's name or is that of two; InputError for a source package that is not whole.
    """
    packages = [package_at(place) for place in places]
    names = [check_name(package.name) for package in packages]  # what a package says of itself becomes a path
    if len(set(names)) < len(names):
        raise UsageError(f"two of these packages have one name: {', '.join(sorted(names))}")
    root = _root_for(Path(os.path.commonpath([package.directory for package in packages])), environ)
    with disk_errors(), _told_of(root):
        _write(root / MARKER, _HEADING + tomli_w.dumps({"outside": ":".join(_directories(packages))}))
        for package in packages:
            _lay(root / "src" / package.name, package)
            for path in package.beside:
                _link(root / "src" / path.name, path)
        beside = [path.name for package in packages for path in package.beside]
        for left in (root / "src").iterdir():
            if left.name not in (*names, *beside):
                _remove(left)
    return LooseProject(root=root, names=tuple(names))


@contextlib.contextmanager
def _told_of(root: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise UsageError(
            f"state cannot be kept in {root}: {error.strerror}", hint="let XDG_STATE_HOME name another directory"
        ) from error


def root_of(directory: Path, environ: Mapping[str, str]) -> Path | None:
    """The project of what lies in `directory`: of the package that it is, else one made for packages in it."""
    if is_package(directory):
        return loose_project((directory,), environ).root
    root = _root_for(Path(os.path.realpath(directory)), environ)
    return root if (root / MARKER).is_file() else None


def _root_for(directory: Path, environ: Mapping[str, str]) -> Path:
    state = environ.get("XDG_STATE_HOME", "")
    base = Path(state) if state.startswith("/") else Path.home() / ".local/state"
    digest = hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    name = re.sub(r"[^A-Za-z0-9._+-]", "-", directory.name).strip(".-") or "root"
    return base / "build-env" / f"{name}-{digest}"


def package_at(place: Path) -> LoosePackage:
    """The package that a directory, a spec file or a source package is.

    Raises UsageError where there is none, InputError for a source package that is not whole.
    """
    if not place.exists():
        hint = "name a directory, a spec file, a .dsc or a .src.rpm"
        raise UsageError(f"{place.absolute()} does not exist", hint=hint)
    place = Path(os.path.realpath(place))  # one package, however it is named
    if place.is_dir():
        return _in_directory(place)
    if place.name.endswith(_SPEC):
        return _of_spec(place)
    for each in _with_sources():
        if place.name.endswith(each.source_suffix):
            name, files = each.source_files(place)
            return LoosePackage(name=name, directory=place.parent, files=files)
    raise UsageError(f"{place} is no package", hint="name a directory, a spec file, a .dsc or a .src.rpm")


def _of_spec(spec: Path) -> LoosePackage:
    """The package of a spec file. Where others lie beside it, nothing but sources can belong to this one."""
    top = spec.parent.parent if spec.parent.name in {"rpm", "SPECS"} else spec.parent
    others = {path for path in spec.parent.glob(f"*{_SPEC}") if path != spec}
    if not others:
        return _in_directory(top)
    folders = [folder for folder in dict.fromkeys((spec.parent, top / "SOURCES")) if folder.is_dir()]
    files = (path for folder in folders for path in sorted(folder.iterdir()) if path.is_file() and path not in others)
    shown = (path.relative_to(top).as_posix() for path in files if not path.name.startswith("."))
    return LoosePackage(name=spec.stem, directory=top, files=tuple(shown))


def _in_directory(directory: Path) -> LoosePackage:
    name = next((name for each in _with_sources() if (name := each.source_name(directory))), "")
    if name:
        return LoosePackage(name=name, directory=directory, beside=_beside(directory))
    found = [path for suffix in _suffixes() for path in sorted(directory.glob(f"*{suffix}"))]
    if len(found) == 1:
        return package_at(found[0])
    raise UsageError(
        f"there is no package in {directory}: neither debian/control nor a spec file",
        hint=f"one of these is meant: {', '.join(path.name for path in found)}"
        if found
        else "build-env new package writes one that builds",
    )


def _beside(directory: Path) -> tuple[Path, ...]:
    """The files beside the package that its source consists of besides what lies in the directory."""
    try:
        names = sorted(path.name for path in directory.parent.iterdir() if path.is_file())
    except PermissionError:
        return ()
    found = (each.upstream(directory / place, names) for each in _with_sources() for place in each.packaging)
    return tuple(directory.parent / name for name in dict.fromkeys(name for some in found for name in some))


def _directories(packages: Sequence[LoosePackage]) -> list[str]:
    """What the project may read besides itself; a colon in a name cannot be told from one between names."""
    paths = [path for package in packages for path in (package.directory, *package.beside)]
    directories = list(dict.fromkeys(map(os.path.realpath, paths)))
    if strange := [directory for directory in directories if ":" in directory]:
        raise UsageError(f"a package cannot lie in a directory with a colon in its name: {strange[0]}")
    return directories


def _lay(link: Path, package: LoosePackage) -> None:
    """Let the name in `src/` lead to the package, or to the files that it consists of."""
    link.parent.mkdir(parents=True, exist_ok=True)
    if not package.files:
        if link.is_dir() and not link.is_symlink():
            _remove(link)
        _link(link, package.directory)
        return
    if link.is_symlink():
        link.unlink()
    link.mkdir(exist_ok=True)
    for path in link.rglob("*"):
        if path.is_symlink() and path.relative_to(link).as_posix() not in package.files:
            path.unlink()
    for name in package.files:
        (link / name).parent.mkdir(exist_ok=True)
        _link(link / name, package.directory / name)


def _remove(link: Path) -> None:
    """Remove a link, or a directory of links, and nothing that they lead to."""
    if link.is_symlink():
        link.unlink(missing_ok=True)
    else:
        shutil.rmtree(link, ignore_errors=True)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink() and link.readlink() == target:
        return
    new = link.with_name(f".{link.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)


def _write(file: Path, text: str) -> None:
    if file.is_file() and file.read_text(encoding="utf-8") == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def _with_sources() -> list[Format]:
    return [each for each in formats() if each.source_suffix]


def _suffixes() -> tuple[str, ...]:
    return tuple(each.source_suffix for each in _with_sources())
