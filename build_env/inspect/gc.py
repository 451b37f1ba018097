"""Owns `gc`: what of this checkout nothing needs any more, below `build/` and in the engine, and letting it go.

Kept is what is newer than asked, what clients get from repositories now, what remembered plans refer to, and the last
result of every task whose target and package are still there. Looking takes no lock; removing keeps runs out.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import EnvironmentNotReady
from build_env.core.later import imported_later
from build_env.core.locks import held
from build_env.images.unused import last_use, layer_tags, unused_images, unused_layers, unused_untagged
from build_env.inspect.failed import CONTINUED
from build_env.model.garbage import Collection, Garbage, Kind, LayerLimit
from build_env.packages.read import package_names
from build_env.plancache.memory import old_memories, remembered_keys
from build_env.publish.holdings import published_digests
from build_env.store.collect import StoreGarbage, remove_garbage, survey_store
from build_env.store.reachable import Roots, layer_of
from build_env.store.results import LocalStore, new_run
from build_env.store.runlock import is_alive, no_runs, stale_rooms, sweep_dead
from build_env.work.registry import find_kind

with imported_later():
    from build_env.engines.docker import connection as docker_connection
    from build_env.engines.docker import leftovers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.model.identity import TaskName

__all__ = ["collect", "survey"]


@dataclass
class _Survey:
    """What is to go, with how each part goes."""

    store: StoreGarbage
    garbage: list[Garbage] = field(default_factory=list)
    removals: list[Callable[[], None]] = field(default_factory=list)
    engine: bool = False

    def add(self, garbage: Garbage, remove: Callable[[], None]) -> None:
        """One thing, and its removal."""
        self.garbage.append(garbage)
        self.removals.append(remove)


def survey(project: Project, age: float, limit: LayerLimit) -> Collection:
    """What nothing needs that was not used for `age` seconds. Changes nothing."""
    found = _look(project, time.time() - age, limit)
    return Collection(garbage=tuple(found.garbage), engine=found.engine)


def collect(project: Project, age: float, limit: LayerLimit) -> Collection:
    """Remove what `survey` would name now.

    Raises EnvironmentNotReady while a run is at work; a run that begins meanwhile waits.
    """
    paths, since = project.paths, time.time() - age
    if not paths.build.is_dir():
        return survey(project, age, limit)
    with no_runs(paths.build, "gc"), disk_errors():
        found = _look(project, since, limit)
        remove_garbage(paths.build, found.store, since)
        for remove in found.removals:
            remove()
        if (paths.build / "store.db").exists():
            with contextlib.closing(LocalStore(paths.build, new_run("gc"))) as store:
                sweep_dead(paths, store)
    return Collection(garbage=tuple(found.garbage), engine=found.engine, deleted=True)


def _look(project: Project, since: float, limit: LayerLimit) -> _Survey:
    build = project.paths.build
    targets, packages = frozenset(project.target_names()), package_names(project.paths)

    def living(name: TaskName) -> bool:
        kind = find_kind(name.stage)
        if kind is not None and not kind.lasts:
            return False
        return name.target in targets and (not name.of_package or name.subject in packages)

    memories = project.paths.memories
    roots = Roots(
        since=since,
        living=living,
        keys=remembered_keys(memories, since),
        published=published_digests(project.paths.repositories),
    )
    found = _Survey(store=survey_store(build, roots))
    found.garbage += found.store.listed(build)
    for kind, entries in (
        (Kind.MEMORY, old_memories(memories, since)),
        (Kind.DOWNLOADS, _empty(project.paths.downloads)),
        (Kind.CACHE, _old_trees(project.paths.caches, since)),
        (Kind.ROOMS, _dead_rooms(project)),
        (Kind.CONTINUED, _old_trees(build / CONTINUED, since)),
    ):
        for path in entries:
            size, used = _size_and_time(path)
            garbage = Garbage(kind=kind, name=_shown(path, build), size=size, used=used)
            found.add(garbage, partial(_remove, path))
    _look_into_engine(project, found, since, limit)
    return found


def _look_into_engine(project: Project, found: _Survey, since: float, limit: LayerLimit) -> None:
    try:
        connection = docker_connection.connect(timeout=project.settings.engine_timeout)
    except EnvironmentNotReady:
        return
    found.engine = True
    for number, room in enumerate(leftovers.failed_rooms(connection, project.checkout)):
        if number >= leftovers.KEPT_FAILURES or room.created < since:
            garbage = Garbage(kind=Kind.FAILED_ROOM, name=room.name, used=room.created)
            found.add(garbage, partial(connection.remove, room.container))
    images = leftovers.own_images(connection, project.checkout)
    uses = dict(found.store.layer_uses)
    needed = {layer_of(result) for result in found.store.kept}
    for image in unused_layers(images, uses, needed, since, limit):
        tags = layer_tags(image)
        garbage = Garbage(kind=Kind.LAYER, name=tags[0], size=image.size, used=last_use(image, uses))
        found.add(garbage, partial(leftovers.remove_names, connection, tags))
    tags_in_use = {result.facts["tag"] for result in found.store.kept if "image" in result.facts}
    for image in unused_images(images, tags_in_use, since):
        garbage = Garbage(kind=Kind.IMAGE, name=image.tags[0], size=image.size, used=image.created)
        found.add(garbage, partial(leftovers.remove_names, connection, image.tags))
    for image in unused_untagged(images, since):
        garbage = Garbage(kind=Kind.UNTAGGED, name=image.identifier, size=image.size, used=image.created)
        found.add(garbage, partial(leftovers.remove_names, connection, [image.identifier]))


def _empty(directory: Path) -> Iterator[Path]:
    """The directories of packages that nothing was fetched for."""
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            yield path


def _dead_rooms(project: Project) -> list[Path]:
    """What the next run would remove as well; not what a program that outlived its run has locked."""
    stale = stale_rooms(project.paths.rooms, partial(is_alive, project.paths.build))
    return [path for path in stale if path.is_symlink() or not path.is_dir() or not held(path)]


def _old_trees(directory: Path, since: float) -> list[Path]:
    """What continued tasks made, `TARGET/TASK`, or caches of a package, `own/PACKAGE`, that nobody changed since."""
    return [path for path in sorted(directory.glob("*/*")) if _size_and_time(path)[1] < since]


def _size_and_time(path: Path) -> tuple[int, float]:
    """The bytes of a file or tree, and the time of its youngest member."""
    members = [path, *(path.rglob("*") if path.is_dir() and not path.is_symlink() else ())]
    facts = [member.lstat() for member in members]
    return sum(item.st_size for item in facts[1:] or facts), max(item.st_mtime for item in facts)


def _shown(path: Path, build: Path) -> str:
    base = build if path.is_relative_to(build) else build.resolve()
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)


def _remove(path: Path) -> None:
    """What somebody made or took away meanwhile is left to the next collection."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
