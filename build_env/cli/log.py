"""Owns `build-env log`: what the last attempt at a package's task printed, and what it prints while it runs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.errors import run_command
from build_env.cli.options import ARCHITECTURES, DEBUG, JSON, ROOT, TARGET
from build_env.cli.words import comma_list
from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.model.options import check_choice

with imported_later():
    from build_env.app import project as app_project
    from build_env.core import canonical, visible
    from build_env.inspect import log as inspect_log
    from build_env.model import task
    from build_env.ui import log as ui_log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from build_env.inspect.log import TaskLog

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("log")(log)


def log(
    context: typer.Context,
    package: Annotated[str, typer.Argument(help="The package.", metavar="PACKAGE")],
    target: TARGET = "",
    arch: ARCHITECTURES = None,
    stage: Annotated[str, typer.Option("--stage", help="source, build, verify, …", metavar="STAGE")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the task has ended.")] = False,
    json: JSON = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Print the log of the last attempt at a task of PACKAGE. Are there several, they are listed, the newest first.

    With --follow the one that is at work now is chosen.
    """
    choice = (package, target, comma_list(arch or ()), stage)
    context.exit(run_command(lambda: _log(root, choice, follow=follow, json=json), debug=debug))


def _log(root: Path | None, choice: tuple[str, str, tuple[str, ...], str], *, follow: bool, json: bool) -> int:
    package, target, architectures, stage = choice
    check_choice("--stage", stage, tuple(task.Stage))
    if follow and json:
        raise UsageError("--json lists logs, and --follow reads one", hint="leave one of them out")
    project = app_project.open_project(root)
    wanted = inspect_log.Wanted(
        subject=package,
        target=project.match_target(target) if target else "",
        architectures=architectures,
        stage=stage,
    )
    logs = inspect_log.find_logs(project, wanted)
    if not logs:
        raise inspect_log.tell_without_log(project, wanted)
    if json:
        return _print_json(logs, project.paths.root)
    at_work = [item for item in logs if item.state == inspect_log.RUNNING]
    chosen = at_work if follow and len(at_work) == 1 else logs
    if len(chosen) > 1:
        return _print_choice(chosen)
    for line in inspect_log.log_lines(chosen[0].path, follow=follow):
        sys.stdout.write(f"{visible.printable(line)}\n")
        if follow:
            sys.stdout.flush()
    return 0


def _print_choice(logs: Sequence[TaskLog]) -> int:
    lines = ui_log.choice_lines(logs, lambda at: time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _print_json(logs: Sequence[TaskLog], root: Path) -> int:
    data = [
        canonical.plain(
            {**vars(item), **item.task._asdict(), "arch": item.arch, "path": str(item.path.relative_to(root))}
        )
        for item in logs
    ]
    sys.stdout.write(canonical.canonical_json(data) + "\n")
    return 0
