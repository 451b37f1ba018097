"""Owns `build-env reproduce`: whether a package comes out the same when it is built somewhere else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from build_env.cli.options import ARCHITECTURES, JSON, ROOT, TARGET
from build_env.cli.printing import print_json, print_lines
from build_env.cli.words import architecture_list
from build_env.core.later import imported_later
from build_env.model.options import BuildOptions

with imported_later():
    from build_env.cli import actions
    from build_env.ui import choose
    from build_env.ui import plain as ui_plain
    from build_env.ui import reproduce as ui_reproduce


__all__ = ["reproduce"]

_DIFFERENT = 1


def reproduce(
    package: Annotated[str, typer.Argument(help="The package.", metavar="PACKAGE")],
    target: TARGET = "",
    arch: ARCHITECTURES = None,
    keep: Annotated[
        Path | None, typer.Option("--keep", help="Leave the results of both rooms there.", metavar="DIRECTORY")
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", min=0, help="Seconds a task may take; 0: no limit.", metavar="SECONDS"),
    ] = None,
    json: JSON = False,
    root: ROOT = None,
) -> int:
    """Build PACKAGE twice, in rooms that differ in what must not matter, and compare what comes out.

    What it needs is built as usual; of the two builds nothing is recorded or deployed. Exit code 1: they differ.
    """
    options = BuildOptions(
        packages=(package,),
        targets=(target,) if target else (),
        architectures=architecture_list(arch or ()),
        engine="docker",
        timeout=timeout,
        root=root,
    )
    # The report is what goes to standard output.
    reproduction = actions.reproduce_package(options, ui_plain.PlainListener(write=choose.LineWriter(sys.stderr)), keep)
    if not reproduction.rehearsals:
        return reproduction.summary.exit_code
    if json:
        data = {"package": reproduction.package, "target": reproduction.target, "same": reproduction.same}
        print_json({**data, "tasks": reproduction.rehearsals})
    else:
        print_lines(ui_reproduce.reproduction_lines(reproduction.package, reproduction.rehearsals))
    return 0 if reproduction.same else _DIFFERENT
