"""Owns `build-env doctor`: what this machine lacks, the command that mends each, and with `--setup` the mending."""

from __future__ import annotations

import sys
from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.errors import run_command
from build_env.cli.options import DEBUG, JSON, ROOT, TARGET

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to `build-env`."""
    app.command()(doctor)


def doctor(
    context: typer.Context,
    target: TARGET = "",
    setup: Annotated[bool, typer.Option("--setup", help="Install, start and register what is missing first.")] = False,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Also ask the mirrors whether the suites of Debian targets are in step. Slow."),
    ] = False,
    json: JSON = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Show what this machine has and lacks for a target, or for all; status 0 when builds can run, 4 otherwise."""

    def run() -> int:
        return _doctor(target, root, setup=setup, probe=probe, as_json=json)

    context.exit(run_command(run, debug=debug))


def _doctor(target: str, root: Path | None, *, setup: bool, probe: bool, as_json: bool) -> int:
    from build_env.app.project import open_project  # noqa: PLC0415
    from build_env.inspect.machine import examine, prepare  # noqa: PLC0415 - `--help` starts fast
    from build_env.inspect.probe import probe_target  # noqa: PLC0415
    from build_env.setup.checks import exit_code  # noqa: PLC0415
    from build_env.setup.report import check_lines, document  # noqa: PLC0415

    project = open_project(root)
    names = (project.match_target(target),) if target else project.target_names()
    if setup:
        prepare(project, names, _note)
    report = examine(project, names)
    found = report.checks
    if probe:
        found = (*found, *(check for name in names for check in probe_target(project, name, _note)))
    if as_json:
        sys.stdout.write(dumps(document(found), indent=2) + "\n")
    else:
        sys.stdout.write("\n".join(check_lines(found, set_up=report.debian)) + "\n")
    return exit_code(found)


def _note(text: str) -> None:
    """What is being done goes to standard error: standard output holds the report alone."""
    sys.stderr.write(f"note    {text}\n")
    sys.stderr.flush()
