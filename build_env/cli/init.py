"""Owns `build-env init`: a directory becomes a project."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from build_env.cli.printing import print_line
from build_env.core.later import imported_later

with imported_later():
    from build_env.projects import begin

__all__ = ["init"]


def init(
    directory: Annotated[Path, typer.Argument(help="Default: the current directory.", metavar="[DIR]")] = Path(),
) -> None:
    """Begin a project: its settings, a place for packages, and what git should leave out.

    Targets, hooks and scripts come from build-env until the project has its own; see build-env eject.
    """
    for name in begin.begin(directory):
        print_line(f"wrote   {directory / name}")
    there = "" if directory == Path() else f"cd {directory} && "
    print_line(f"next    {there}build-env new package NAME")
