"""Owns where things lie: below a project root, and what build-env ships for projects. Finds the root; creates nothing.

A project takes from what is shipped, file by file, what it does not have itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from build_env.core.errors import UsageError

__all__ = ["MARKER", "SHIPPED", "ProjectPaths", "find_root", "has_root", "shipped_root"]

MARKER = "build-env.toml"
SHIPPED = ("common", "Dockerfiles", "targets")  # what is shipped of a project
_OF_PROJECTS = frozenset({*SHIPPED, "src", "build", ".build-env", MARKER})


class _Below:
    """A directory of a project, by its path below the root."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __get__(self, project: ProjectPaths, _kind: object) -> Path:
        return project.root / self._path


@dataclass(frozen=True, kw_only=True)
class ProjectPaths:
    """The directories of a project; everything build-env writes lies in `build` or `private`.

    `shipped` holds what the project takes where it has nothing of its own; None where it is that tree itself.
    """

    root: Path
    shipped: Path | None = None

    targets = _Below("targets")
    sources = _Below("src")
    build = _Below("build")  # everything disposable
    private = _Below(".build-env")  # everything durable: keys, machine-local settings
    deploy = _Below("build/deploy")  # plain results in the seed's layout
    repositories = _Below("build/repositories")  # what apt and dnf clients read
    logs = _Below("build/logs")  # one per task
    downloads = _Below("build/downloads")  # the reusable cache of fetched sources
    caches = _Below("build/caches")  # of tools in rooms, for packages that ask for them
    store = _Below("build/store")  # the content-addressed files
    memories = _Below("build/remembered")  # what finished commands read and made
    rooms = _Below("build/rooms")  # where results of running rooms arrive, and where native rooms lie

    def locate(self, name: str) -> Path:
        """Where the file called `name` from the root is: the project's own, else the shipped one."""
        own = self.root / name
        behind = self.behind(own)
        return behind if behind is not None and behind.exists() and not own.exists() else own

    def shown(self, name: str) -> str:
        """The file called `name` from the root as somebody in the current directory calls it, where links lead.

        In the project itself, and for what is no file of it, that is `name`. A whole path is taken for that file, too.
        """
        here, name = Path.cwd(), name.removeprefix(f"{self.root}/")
        if here.is_relative_to(self.root) or name.partition("/")[0] not in _OF_PROJECTS:
            return name
        place = Path(os.path.realpath(self.root / name))
        return str(place.relative_to(here) if place.is_relative_to(here) else place)

    def behind(self, path: Path) -> Path | None:
        """Where what the project takes for `path` would lie, if it is of that kind."""
        if self.shipped is None or not path.is_relative_to(self.root):
            return None
        name = path.relative_to(self.root)
        return self.shipped / name if name.parts[:1] and name.parts[0] in SHIPPED else None


def shipped_root() -> Path:
    """Where build-env's own targets, hooks and scripts lie: in the installed package, in a checkout beside it."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "shipped"
    return inside if inside.is_dir() else package.parent


def find_root(explicit: Path | None, start: Path) -> ProjectPaths:
    """The project root: `explicit`, else the nearest directory from `start` upwards that holds `build-env.toml`.

    Raises UsageError when there is none.
    """
    if explicit is not None:
        if not (explicit / MARKER).is_file():
            raise UsageError(
                f"{explicit} is no project root: it has no {MARKER}",
                hint=f"name a directory that contains {MARKER}",
            )
        return _project(explicit.resolve())
    for directory in (start, *start.parents):
        if (directory / MARKER).is_file():
            return _project(directory.resolve())
    raise UsageError(
        f"no project here: neither {start} nor a directory above it has a {MARKER}",
        hint="name a package by its place (build-all --target NAME ./DIRECTORY), change into one, or begin a project: "
        "build-env init",
    )


def has_root(start: Path) -> bool:
    """Whether there is a project around `start`."""
    return any((directory / MARKER).is_file() for directory in (start, *start.parents))


def _project(root: Path) -> ProjectPaths:
    shipped = shipped_root()
    return ProjectPaths(root=root, shipped=None if shipped == root else shipped)
