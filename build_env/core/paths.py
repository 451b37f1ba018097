"""Owns where things lie below a project root, and how the root is found. Creates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MARKER", "ProjectPaths", "find_root"]

MARKER = "build-env.toml"


class _Below:
    """A directory of a project, by its path below the root."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __get__(self, project: ProjectPaths, _kind: object) -> Path:
        return project.root / self._path


@dataclass(frozen=True, kw_only=True)
class ProjectPaths:
    """The directories of a project; everything build-env writes lies in `build` or `private`."""

    root: Path

    targets = _Below("targets")
    sources = _Below("src")
    build = _Below("build")  # everything disposable
    private = _Below(".build-env")  # everything durable: keys, machine-local settings
    deploy = _Below("build/deploy")  # plain results in the seed's layout
    repositories = _Below("build/repositories")  # what apt and dnf clients read
    logs = _Below("build/logs")  # one per task
    downloads = _Below("build/downloads")  # the reusable cache of fetched sources
    store = _Below("build/store")  # the content-addressed files
    memories = _Below("build/remembered")  # what finished commands read and made
    rooms = _Below("build/rooms")  # where results of running rooms arrive, and where native rooms lie


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
        return ProjectPaths(root=explicit.resolve())
    for directory in (start, *start.parents):
        if (directory / MARKER).is_file():
            return ProjectPaths(root=directory.resolve())
    raise UsageError(
        f"no project here: neither {start} nor a directory above it has a {MARKER}",
        hint="change into a project, or pass --root DIRECTORY",
    )
