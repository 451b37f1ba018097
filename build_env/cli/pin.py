"""Owns `build-env pin`: the digests of what packages are made from, written into their definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import JSON, ROOT
from build_env.cli.printing import print_json, print_lines, print_note
from build_env.cli.words import comma_list
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import project as app_project
    from build_env.inspect import pin as inspect_pin
    from build_env.ui import pin as ui_pin

if TYPE_CHECKING:
    from build_env.app.project import Project

__all__ = ["pin"]


def pin(
    packages: Annotated[
        list[str],
        typer.Argument(
            help="Packages, each with its target; without one all targets that it is pinned for.",
            metavar="PACKAGE[@TARGET]...",
        ),
    ],
    update: Annotated[bool, typer.Option("--update", help="Replace what is pinned with what there is now.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Make the image anew, with the index of today.")] = False,
    json: JSON = False,
    root: ROOT = None,
) -> None:
    """Find the source package that the distribution of TARGET has for PACKAGE, and write its version and digest.

    What is pinned already is compared with what there is now. The file keeps its comments and its order.
    """
    project = app_project.open_project(root)
    done = [
        inspect_pin.pin(project, name, target, print_note, update=update, refresh=refresh)
        for name, target in _meant(project, packages)
    ]
    if json:
        print_json(done)
    else:
        print_lines(line for one in done for line in ui_pin.pin_lines(one))


def _meant(project: Project, words: list[str]) -> list[tuple[str, str]]:
    """Each package with each of its targets, as whole names."""
    meant = []
    for word in words:
        name, _, targets = word.partition("@")
        wanted = comma_list([targets])
        named = project.match_targets(wanted) if wanted else inspect_pin.targets_of(project, name)
        meant += [(name, target) for target in named]
    return meant
