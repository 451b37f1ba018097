"""Owns `build-env history`: earlier attempts at the tasks of packages, and how their times developed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import JSON, ROOT, narrowed
from build_env.cli.printing import print_json, print_lines
from build_env.core.later import imported_later
from build_env.model.attempt import Narrowing

with imported_later():
    from build_env.app import project
    from build_env.inspect import history as inspect_history
    from build_env.ui import history as ui_history

if TYPE_CHECKING:
    from build_env.model.attempt import Attempt, Trend

__all__ = ["history"]


@narrowed
def history(
    asked: Narrowing,
    *,
    packages: Annotated[list[str] | None, typer.Argument(help="Packages; none: all tasks.", metavar="PACKAGES")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many attempts.", min=1, metavar="N")] = 20,
    json: JSON = False,
    root: ROOT = None,
) -> None:
    """Show the recorded attempts, the newest first, also of packages and targets that are gone.

    A trend compares the last good attempt at a task with the median of up to 20 before it.
    """
    asked = replace(asked, packages=tuple(dict.fromkeys(packages or ())))
    attempts, trends = inspect_history.read_history(project.open_project(root), asked, limit)
    if json:
        print_json({"attempts": [_data(item) for item in attempts], "trends": [_data(item) for item in trends]})
        return
    print_lines(ui_history.history_lines(attempts, trends, complete=len(attempts) < limit))


def _data(item: Attempt | Trend) -> dict[str, object]:
    """All that is known, with the parts of the task's name beside its text."""
    return {**vars(item), **item.task._asdict()}
