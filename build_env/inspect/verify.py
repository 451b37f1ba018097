"""Owns the check of store and channels as a command does it: looking waits for a publish only, mending for all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.publish.generation import locked, private
from build_env.publish.holdings import Published, check_channel
from build_env.store.runlock import no_runs
from build_env.store.verify import check_store, remove_damage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.store.verify import Damage

__all__ = ["verify_store"]


def verify_store(project: Project, tell: Callable[[int, int], None], *, repair: bool) -> tuple[Damage, Published]:
    """What is damaged of the store, and of what clients read; with `repair` it is gone, so that the next run makes it.

    Records of a channel stay as they are. Raises EnvironmentNotReady when it is to be mended while a run is at work.
    """
    build, repositories = project.paths.build, project.paths.repositories
    if not repair:
        return check_store(build, tell), _check_published(build, repositories, repair=False)
    with no_runs(build, "mending the store"), disk_errors():
        damage = check_store(build, tell)
        if damage.found:
            remove_damage(build, damage)
        return damage, _check_published(build, repositories, repair=True)


def _check_published(build: Path, repositories: Path, *, repair: bool) -> Published:
    """Read the channels; a publish that goes on meanwhile is waited for, so that no two states are mixed."""
    read: set[Path] = set()
    files: list[str] = []
    records: list[str] = []
    for channel in sorted(repositories.iterdir()) if repositories.is_dir() else ():
        if not private(channel).is_dir():
            continue
        with locked(channel):
            for name, record in list(check_channel(channel, read.add)):
                path = channel / name
                (records if record else files).append(path.relative_to(build).as_posix())
                if repair and not record and (path.is_symlink() or path.is_file()):
                    path.unlink()  # what has the times of a good file would be taken for one
    return Published(checked=len(read), files=tuple(files), records=tuple(records))
