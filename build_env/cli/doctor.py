"""Owns `build-env doctor`: what this machine lacks, the command that mends each, and with `--setup` the mending."""

from __future__ import annotations

import sys
from json import dumps
from typing import Annotated

import typer

from build_env.cli.options import JSON, ROOT, TARGET
from build_env.cli.printing import print_lines, print_note
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import project as app_project
    from build_env.inspect import machine
    from build_env.inspect import probe as inspect_probe
    from build_env.setup import checks
    from build_env.setup import report as setup_report

__all__ = ["doctor"]


def doctor(
    target: TARGET = "",
    setup: Annotated[bool, typer.Option("--setup", help="Install, start and register what is missing first.")] = False,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Also ask the mirrors whether the suites of Debian targets are in step. Slow."),
    ] = False,
    json: JSON = False,
    root: ROOT = None,
) -> int:
    """Show what this machine has and lacks for a target, or for all; status 0 when builds can run, 4 otherwise."""
    project = app_project.open_project(root)
    names = (project.match_target(target),) if target else project.target_names()
    # What is being done goes to standard error: standard output holds the report alone.
    if setup:
        machine.prepare(project, names, print_note, bare=bool(target))
    results, mendable = machine.examine(project, names, bare=bool(target))
    if probe:
        results = (
            *results,
            *(check for name in names for check in inspect_probe.probe_target(project, name, print_note)),
        )
    if json:
        sys.stdout.write(dumps(setup_report.document(results), indent=2) + "\n")
    else:
        print_lines(setup_report.check_lines(results, set_up=mendable))
    return checks.exit_code(results)
