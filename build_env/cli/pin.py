"""Owns `build-env pin`: the digests of what packages are made from, written into their definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import JSON, ROOT
from build_env.cli.printing import print_json, print_lines, print_note
from build_env.cli.words import comma_list
from build_env.core.errors import UsageError
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import project as app_project
    from build_env.inspect import pin as inspect_pin
    from build_env.ui import pin as ui_pin

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.app.project import Project
    from build_env.model.source import Pinned

__all__ = ["pin"]


def pin(
    packages: Annotated[
        list[str],
        typer.Argument(
            help="Packages, each with its target; without one those that it is pinned for.",
            metavar="PACKAGE[@TARGET]...",
        ),
    ],
    update: Annotated[bool, typer.Option("--update", help="Replace what is pinned with what there is now.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Make the image anew, with the index of today.")] = False,
    json: JSON = False,
    root: ROOT = None,
) -> None:
    """Find what PACKAGE is made from for TARGET, and write its digest into the definition.

    That is the distribution's source package of that name; for packaging of one's own what it names on servers: the
    sources of a spec, the tarball that debian/watch finds. What is pinned already is compared with what there is now.
    """
    project = app_project.open_project(root)

    def pinned(name: str, target: str) -> Pinned:
        return inspect_pin.pin(project, name, target, print_note, update=update, refresh=refresh)

    done = [one for word in packages for one in _of_word(project, word, pinned)]
    if json:
        print_json(done)
    else:
        print_lines(line for one in done for line in ui_pin.pin_lines(one))


def _of_word(project: Project, word: str, pinned: Callable[[str, str], Pinned]) -> list[Pinned]:
    """The package with each of its targets; of those that nobody named, one at least has something to pin."""
    name, _, targets = word.partition("@")
    if wanted := comma_list([targets]):
        return [pinned(name, target) for target in project.match_targets(wanted)]
    done, refused = [], None
    for target in inspect_pin.targets_of(project, name):
        try:
            done.append(pinned(name, target))
        except UsageError as error:
            refused = error
    if refused and not done:
        raise refused
    return done
