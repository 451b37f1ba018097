"""Owns `build-env list`: the targets and packages of a project, for people and as JSON."""

from __future__ import annotations

from typing import Annotated

import typer

from build_env.cli.options import JSON, ROOT
from build_env.cli.printing import print_json, print_lines
from build_env.core.later import imported_later
from build_env.model.options import check_choice

with imported_later():
    from build_env.app import project as app_project
    from build_env.inspect import listing
    from build_env.ui import listing as ui_listing

__all__ = ["list_"]

_KINDS = ("targets", "packages")
_BAD_INPUT = 2


def list_(
    what: Annotated[str, typer.Argument(help="targets or packages; none: both.", metavar="[WHAT]")] = "",
    json: JSON = False,
    root: ROOT = None,
) -> int:
    """List the targets, with what they can build for, and the packages of src/.

    A star marks the target that this machine is. Alone, the list of targets has those that build-env ships, too. Exit
    code 2 tells that a target cannot be used.
    """
    check_choice("list", what, _KINDS)
    project = app_project.open_project(root)
    targets = listing.list_targets(project, shipped=what == "targets") if what != "packages" else None
    packages = listing.list_packages(project) if what != "targets" else None
    if json:
        print_json(ui_listing.listing_data(targets, packages))
    else:
        print_lines(ui_listing.listing_lines(targets, packages))
    return _BAD_INPUT if any(entry.problem for entry in targets or ()) else 0
