"""Owns `build-env history`: earlier attempts at the tasks of packages, and how their times developed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.errors import run_command
from build_env.cli.options import ARCHITECTURES, DEBUG, JSON, ROOT, STAGE, TARGET
from build_env.cli.printing import print_json, print_lines
from build_env.cli.words import comma_list
from build_env.core.later import imported_later
from build_env.model.options import check_choice

with imported_later():
    from build_env.app import project
    from build_env.inspect import history as inspect_history
    from build_env.model import task
    from build_env.ui import history as ui_history

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.inspect.history import Asked
    from build_env.model.attempt import Attempt, Trend

__all__ = ["history"]


def history(
    context: typer.Context,
    packages: Annotated[list[str] | None, typer.Argument(help="Packages; none: all tasks.", metavar="PACKAGES")] = None,
    target: TARGET = "",
    arch: ARCHITECTURES = None,
    stage: STAGE = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many attempts.", min=1, metavar="N")] = 20,
    json: JSON = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Show the recorded attempts, the newest first, also of packages and targets that are gone.

    A trend compares the last good attempt at a task with the median of up to 20 before it.
    """
    asked = inspect_history.Asked(
        packages=tuple(dict.fromkeys(packages or ())),
        target=target,
        architectures=comma_list(arch or ()),
        stage=stage,
        limit=limit,
    )
    context.exit(run_command(lambda: _history(root, asked, json=json), debug=debug))


def _history(root: Path | None, asked: Asked, *, json: bool) -> int:
    check_choice("--stage", asked.stage, tuple(task.Stage))
    attempts, trends = inspect_history.read_history(project.open_project(root), asked)
    if json:
        print_json({"attempts": [_data(item) for item in attempts], "trends": [_data(item) for item in trends]})
        return 0
    print_lines(ui_history.history_lines(attempts, trends, complete=len(attempts) < asked.limit))
    return 0


def _data(item: Attempt | Trend) -> dict[str, object]:
    """All that is known, with the parts of the task's name beside its text."""
    return {**vars(item), **item.task._asdict()}
