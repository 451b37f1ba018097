"""Owns `build-env eject`: a shipped file or directory becomes the project's own, for editing."""

from __future__ import annotations

from typing import Annotated

import typer

from build_env.cli.options import ROOT
from build_env.cli.printing import print_line, print_note
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import project as app_project
    from build_env.projects import eject as projects_eject

__all__ = ["eject"]


def eject(
    names: Annotated[list[str], typer.Argument(help="targets/debian/12, common/deb, common/debian.py, …")],
    root: ROOT = None,
) -> None:
    """Copy what build-env ships into the project, to edit it there. Files that the project has stay as they are.

    build-env doctor tells when a newer build-env ships another original.
    """
    paths = app_project.open_project(root).paths
    for name in names:
        ejection = projects_eject.eject(paths, name.rstrip("/"))
        for copied in ejection.copied:
            print_line(f"copied  {copied}")
        for kept in ejection.kept:
            print_note(f"{kept} is the project's own already, and stays")
