"""Owns the search for sources, with their digests, by the tools of a target: a distribution's, and upstream's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.app.session import open_session
from build_env.core.errors import UsageError
from build_env.formats.registry import formats
from build_env.inspect.asking import Question, ask
from build_env.model.options import BuildOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.app.project import Project
    from build_env.formats.format import Finder
    from build_env.model.package import Package
    from build_env.model.source import FoundSource

__all__ = ["find_source", "find_upstream"]


def find_source(
    project: Project,
    target: str,
    name: str,
    tell: Callable[[str], None],
    *,
    version: str = "",
    refresh: bool = False,
) -> FoundSource:
    """The source package `name` as the index of the image of `target` has it, the newest or that of a `version`.

    `target` is a whole name. The image is made if it is not there, or to be refreshed; `tell` hears of that.

    Raises:
        UsageError: there is none of that name or version, or the family of the target has no such sources.
        EnvironmentNotReady: the image cannot be made or asked: no engine, no network, no index.

    """
    options = BuildOptions(targets=(target,), architectures=(project.host.architecture,))
    with open_session(project, options, writes=False) as session:
        finder = session.planner.format.finder if session.planner.format else None
        if finder is None:
            known = " and ".join(each.name for each in formats() if each.finder)
            raise UsageError(
                f"{target} has no sources of the distribution: they can be had for targets of the family {known}",
                hint="put the source package itself, or its spec file and archives, into the package's directory",
            )
        question = Question(argv=(finder.script, name, *filter(None, [version])), trees=_folders(finder))
        return finder.read(name, ask(session, question, tell, refresh=refresh))


def find_upstream(
    project: Project, target: str, package: Package, tell: Callable[[str], None], *, refresh: bool = False
) -> FoundSource:
    """The files that the packaging of `package` for `target` names on servers, and that are not in the package.

    Raises:
        UsageError: they cannot be found, or fetched.
        EnvironmentNotReady: the image cannot be made, or there is no network.

    """
    options = BuildOptions(targets=(target,), architectures=(project.host.architecture,))
    with open_session(project, options, writes=False) as session:
        planner = session.planner
        finder = planner.format.upstream_finder if planner.format else None
        if finder is None:
            raise UsageError(f"what packages for {target} are made of cannot be looked for on servers")
        place = f"src/{package.name}"
        question = Question(
            argv=(finder.script, place),
            trees={**_folders(finder), package.directory: place},
            environment=planner.scan_environment(package),
            installs=finder.installs,
        )
        return finder.read(package.name, ask(session, question, tell, refresh=refresh))


def _folders(finder: Finder) -> dict[str, str]:
    return {folder: folder for folder in finder.folders}
