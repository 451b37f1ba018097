"""Owns `build-env plan`: what a run would do, for people and as canonical JSON. Runs nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from build_env.cli.options import JSON, looking_ahead
from build_env.cli.printing import print_json, print_lines
from build_env.cli.words import comma_list
from build_env.core.later import imported_later
from build_env.model.options import BuildOptions

with imported_later():
    from build_env.cli import actions
    from build_env.ui import plan as ui_plan

__all__ = ["plan"]


@looking_ahead
def plan(
    options: BuildOptions,
    *,
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", help="Only these: source, build, verify, deploy, tar.", metavar="STAGE"),
    ] = None,
    deps: Annotated[bool, typer.Option("--deps", "-p", help="Only the packages of DEPENDS.")] = False,
    commands: Annotated[bool, typer.Option("--commands", help="Also every command.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Also the tasks that are up to date.")] = False,
    json: JSON = False,
) -> None:
    """Show what build-all would do: a line per task, with run or maybe, and why."""
    stages = frozenset(comma_list(stage or ()))
    planned, answers = actions.look_ahead(replace(options, stages=stages, deps=deps))
    if json:
        print_json(ui_plan.plan_data(planned.plan, answers, planned.notes))
    else:
        print_lines(ui_plan.plan_lines(planned.plan, answers, notes=planned.notes, commands=commands, hits=every))
