"""Owns what of the machine a project may read: itself, and the directories that its setting `outside` names.

A link or an include that leads elsewhere is refused, so that whoever may change a package cannot have files of the
machine packed, shown in an error, or carried into a room with network. Reads nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from build_env.core.paths import ProjectPaths

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ALLOW", "Bounds"]

ALLOW = "copy what is needed into the project, or name the directory in the setting `outside` of build-env.toml"


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The project at `root` (without links) and the directories of `outside`, absolute, with `:` between them.

    What build-env itself keeps in the project (results, keys) and what version control keeps are out of bounds too.
    """

    root: Path
    outside: str = ""

    @cached_property
    def _own(self) -> tuple[str, ...]:
        paths = ProjectPaths(root=self.root)
        return (f"{paths.build}/", f"{paths.private}/")

    @cached_property
    def _root(self) -> str:
        return f"{self.root}/".replace("//", "/")

    @cached_property
    def _named(self) -> tuple[str, ...]:
        return tuple(f"{name.rstrip('/')}/" for name in self.outside.split(":") if name.startswith("/"))

    def inside(self, path: str) -> bool:
        """Whether `path` (absolute, without links) belongs to the project."""
        whole = f"{path}/"
        return whole.startswith(self._root) and not whole.startswith(self._own) and "/.git/" not in whole

    def named(self, path: str) -> bool:
        """Whether `path` (as above) lies in a directory that the settings name."""
        return f"{path}/".startswith(self._named)

    def allow(self, path: str) -> bool:
        """Whether the project may read `path` (as above)."""
        return self.inside(path) or self.named(path)
