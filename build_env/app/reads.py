"""Owns the list of everything planning read: what has to be the same for a remembered plan to hold."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.app.remembered import CONTENT, NAMES, Reads, ReadTree
from build_env.core.paths import MARKER
from build_env.formats.registry import formats
from build_env.images.render import build_context
from build_env.packages.read import METAPACKAGES
from build_env.settings import LOCAL_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from build_env.app.planned import Planned
    from build_env.app.planning import Planner
    from build_env.core.paths import ProjectPaths
    from build_env.model.package import Package
    from build_env.targets.guard import Observed

__all__ = ["what_was_read"]

_OWN = Path(__file__).resolve().parent.parent


def what_was_read(planner: Planner, observed: Observed, planned: Planned, scan: Planned | None) -> Reads:
    """Everything that `planner` read for `planned` and `scan`; `observed` is what user code read."""
    paths = planner.paths
    found = [(str(paths.root / MARKER), CONTENT), (str(paths.private / LOCAL_SETTINGS), CONTENT)]
    found += [(name, CONTENT) for name in observed.files if not _ours(name)]
    found += [(name, NAMES) for name in observed.directories if not _ours(name)]
    found += _of_sources(paths, planner.packages.values())
    contexts = []
    for recipe in (*planned.recipes.values(), *(scan.recipes.values() if scan else ())):
        found.append((str(paths.root / recipe.build.dockerfile), CONTENT))
        context = build_context(paths.root, recipe.build)
        if context:
            tree = ReadTree(
                path=recipe.build.context, leave_out=context.leave_out, digest=recipe.context_digest, fixed=True
            )
            contexts.append(tree)
    trees = {(tree.path, tree.leave_out): tree for tree in _trees(planned, fixed=False)}
    trees |= {(tree.path, tree.leave_out): tree for tree in (*_trees(scan, fixed=True), *contexts)}
    return Reads(paths=tuple(dict.fromkeys(found)), trees=tuple(trees.values()))


def _ours(name: str) -> bool:
    """Whether a file belongs to Python or to build-env: both are in the name of the memory."""
    path = Path(name)
    return any(path.is_relative_to(own) for own in (_OWN, sys.prefix, sys.base_prefix))


def _of_sources(paths: ProjectPaths, packages: Iterable[Package]) -> Iterator[tuple[str, str]]:
    """What `read_packages` looks at; a packaging directory that is not there is looked for, too."""
    yield str(paths.sources), NAMES
    if (paths.sources / METAPACKAGES).is_dir():
        yield str(paths.sources / METAPACKAGES), NAMES
    for package in packages:
        directory = f"{paths.root}/{package.directory}"
        yield f"{directory}/definition.yaml", CONTENT
        yield from ((name, CONTENT) for name in package.definition_files)
        for known in formats():
            packaging = Path(directory, known.packaging)
            yield str(packaging), NAMES
            if packaging.is_dir():
                yield from ((str(path), CONTENT) for path in sorted(packaging.iterdir()) if path.is_file())


def _trees(planned: Planned | None, *, fixed: bool) -> Iterator[ReadTree]:
    for task in planned.plan if planned else ():
        for tree in task.room.trees if task.room else ():
            yield ReadTree(path=tree.path, leave_out=tree.leave_out, digest=tree.digest, fixed=fixed)
