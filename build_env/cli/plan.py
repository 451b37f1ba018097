"""Owns `build-env plan`: what a run would do, for people and as canonical JSON. Runs nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.errors import run_command
from build_env.cli.options import ARCHITECTURES, DEBUG, ENGINE, JSON, PACKAGES, ROOT, TARGETS, look_options
from build_env.cli.printing import print_json, print_lines
from build_env.cli.words import comma_list
from build_env.core.later import imported_later

with imported_later():
    from build_env.cli import actions
    from build_env.ui import plan as ui_plan

if TYPE_CHECKING:
    from build_env.model.options import BuildOptions

__all__ = ["plan"]


def plan(
    context: typer.Context,
    packages: PACKAGES = None,
    target: TARGETS = None,
    arch: ARCHITECTURES = None,
    engine: ENGINE = "",
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Only these: source, build, verify, deploy, tar.", metavar="STAGE"),
    ] = None,
    deps: Annotated[bool, typer.Option("--deps", "-p", help="Only the packages of DEPENDS.")] = False,
    commands: Annotated[bool, typer.Option("--commands", help="Also every command.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also the tasks that are up to date.")] = False,
    json: JSON = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Show what build-all would do: a line per task, with run or maybe, and why."""
    stages = frozenset(comma_list(stage or ()))
    options = replace(look_options(packages, target, arch, engine, root), stages=stages, deps=deps)
    context.exit(run_command(lambda: _plan(options, json=json, commands=commands, hits=every), debug=debug))


def _plan(options: BuildOptions, *, json: bool, commands: bool, hits: bool) -> int:
    planned, answers = actions.look_ahead(options)
    if json:
        print_json(ui_plan.plan_data(planned.plan, answers, planned.notes))
    else:
        print_lines(ui_plan.plan_lines(planned.plan, answers, notes=planned.notes, commands=commands, hits=hits))
    return 0
