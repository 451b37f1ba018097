"""Owns the search for a source package of a distribution, with its digests, by the tools of a target."""

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
    from build_env.model.source import FoundSource

__all__ = ["find_source"]


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
        question = Question(argv=(finder.script, name, *filter(None, [version])), folders=(finder.folder,))
        return finder.read(name, ask(session, question, tell, refresh=refresh))
