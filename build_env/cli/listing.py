"""Owns `build-env list`: the targets and packages of a project, for people and as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import DEBUG, JSON, ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["register"]

_KINDS = ("targets", "packages")
_BAD_INPUT = 2


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("list")(list_)


def list_(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="targets or packages; none: both.", metavar="[WHAT]")] = "",
    json: JSON = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """List the targets, with what they can build for, and the packages of src/.

    A star marks the target that this machine is. Exit code 2 tells that a target cannot be used.
    """
    from build_env.cli.errors import run_command  # noqa: PLC0415 - `--help` starts fast

    context.exit(run_command(lambda: _list(what, root, json=json), debug=debug))


def _list(what: str, root: Path | None, *, json: bool) -> int:
    from build_env.app.project import open_project  # noqa: PLC0415
    from build_env.cli.arguments import check_choice  # noqa: PLC0415
    from build_env.core.canonical import canonical_json  # noqa: PLC0415
    from build_env.inspect.listing import list_packages, list_targets  # noqa: PLC0415
    from build_env.ui.listing import listing_data, listing_lines  # noqa: PLC0415

    check_choice("list", what, _KINDS)
    project = open_project(root)
    targets = list_targets(project) if what != "packages" else None
    packages = list_packages(project) if what != "targets" else None
    if json:
        sys.stdout.write(canonical_json(listing_data(targets, packages)) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in listing_lines(targets, packages)))
    return _BAD_INPUT if any(entry.problem for entry in targets or ()) else 0
