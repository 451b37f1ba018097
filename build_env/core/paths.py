"""Owns where things lie below a project root, and how the root is found. Creates nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MARKER", "ProjectPaths", "find_root"]

MARKER = "build-env.toml"


@dataclass(frozen=True, kw_only=True)
class ProjectPaths:
    """The directories of a project; everything build-env writes lies in `build` or `private`."""

    root: Path

    @property
    def targets(self) -> Path:
        """The target definitions."""
        return self.root / "targets"

    @property
    def sources(self) -> Path:
        """The packages to build."""
        return self.root / "src"

    @property
    def build(self) -> Path:
        """Everything disposable: results, logs, deployed files, repositories."""
        return self.root / "build"

    @property
    def private(self) -> Path:
        """Everything durable: keys, machine-local settings."""
        return self.root / ".build-env"

    @property
    def deploy(self) -> Path:
        """Plain results in the seed's layout."""
        return self.build / "deploy"

    @property
    def repositories(self) -> Path:
        """What apt and dnf clients read."""
        return self.build / "repositories"

    @property
    def logs(self) -> Path:
        """One log per task."""
        return self.build / "logs"

    @property
    def downloads(self) -> Path:
        """The reusable cache of fetched sources."""
        return self.build / "downloads"

    @property
    def store(self) -> Path:
        """The content-addressed files."""
        return self.build / "store"

    @property
    def memories(self) -> Path:
        """What finished commands read and made."""
        return self.build / "remembered"

    @property
    def rooms(self) -> Path:
        """Where results of running rooms arrive, and where native rooms lie."""
        return self.build / "rooms"


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
