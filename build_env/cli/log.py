"""Owns `build-env log`: what the last attempt at a package's task printed, and what it prints while it runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import JSON, ROOT, narrowed
from build_env.cli.printing import print_json, print_note
from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.model.attempt import Narrowing

with imported_later():
    from build_env.app import project as app_project
    from build_env.core import visible
    from build_env.inspect import log as inspect_log
    from build_env.ui import log as ui_log

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.model.attempt import TaskLog

__all__ = ["log"]


@narrowed
def log(
    asked: Narrowing,
    *,
    package: Annotated[str, typer.Argument(help="The package; without one all of them.", metavar="[PACKAGE]")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the task has ended.")] = False,
    json: JSON = False,
    root: ROOT = None,
) -> None:
    """Print the log of the last attempt at a task of PACKAGE: if one failed that of this one, else that of the build.

    With --follow the one that is at work now is chosen. Standard error says which it is and what others there are.
    """
    if follow and json:
        raise UsageError("--json lists logs, and --follow reads one", hint="leave one of them out")
    project = app_project.open_project(root)
    target = project.match_target(asked.target) if asked.target else ""
    asked = replace(asked, packages=tuple(filter(None, [package])), target=target)
    logs = inspect_log.find_logs(project, asked)
    if json:
        print_json([_data(item, project.paths.root) for item in logs])
        return
    chosen = inspect_log.likely_log(logs, follow=follow)
    others = [item for item in logs if item is not chosen]
    for line in ui_log.choice_lines(chosen, others):
        print_note(line)
    for line in inspect_log.log_lines(chosen.path, follow=follow):
        sys.stdout.writelines(f"{shown}\n" for shown in visible.shown_lines(line))
        if follow:
            sys.stdout.flush()


def _data(item: TaskLog, root: Path) -> dict[str, object]:
    return {**vars(item), **item.task._asdict(), "arch": item.arch, "path": str(item.path.relative_to(root))}
