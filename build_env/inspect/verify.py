"""Owns the check of the store as a command does it: looking needs no lock, mending waits until no run is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.store.runlock import no_runs
from build_env.store.verify import check_store, remove_damage

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.app.project import Project
    from build_env.store.verify import Damage

__all__ = ["verify_store"]


def verify_store(project: Project, tell: Callable[[int, int], None], *, repair: bool) -> Damage:
    """What is damaged; with `repair` it is gone afterwards, so that the next run builds it again.

    Raises EnvironmentNotReady when it is to be mended while a run is at work.
    """
    build = project.paths.build
    if not repair:
        return check_store(build, tell)
    with no_runs(build, "mending the store"), disk_errors():
        damage = check_store(build, tell)
        if damage.found:
            remove_damage(build, damage)
    return damage
