"""Owns `build-env log`: what the last attempt at a package's task printed, and what it prints while it runs."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import ARCHITECTURES, DEBUG, JSON, ROOT, TARGET
from build_env.cli.words import comma_list

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
    from build_env.cli.errors import run_command  # noqa: PLC0415 - `--help` starts fast

    choice = (package, target, comma_list(arch or ()), stage)
    context.exit(run_command(lambda: _log(root, choice, follow=follow, json=json), debug=debug))


def _log(root: Path | None, choice: tuple[str, str, tuple[str, ...], str], *, follow: bool, json: bool) -> int:
    from build_env.app.project import open_project  # noqa: PLC0415
    from build_env.cli.arguments import check_choice  # noqa: PLC0415
    from build_env.core.errors import UsageError  # noqa: PLC0415
    from build_env.core.visible import printable  # noqa: PLC0415
    from build_env.inspect.log import RUNNING, Wanted, find_logs, log_lines, tell_without_log  # noqa: PLC0415
    from build_env.model.task import Stage  # noqa: PLC0415

    package, target, architectures, stage = choice
    check_choice("--stage", stage, tuple(Stage))
    if follow and json:
        raise UsageError("--json lists logs, and --follow reads one", hint="leave one of them out")
    project = open_project(root)
    wanted = Wanted(
        subject=package,
        target=project.match_target(target) if target else "",
        architectures=architectures,
        stage=stage,
    )
    logs = find_logs(project, wanted)
    if not logs:
        raise tell_without_log(project, wanted)
    if json:
        return _print_json(logs, project.paths.root)
    at_work = [item for item in logs if item.state == RUNNING]
    chosen = at_work if follow and len(at_work) == 1 else logs
    if len(chosen) > 1:
        return _print_choice(chosen)
    for line in log_lines(chosen[0].path, follow=follow):
        sys.stdout.write(f"{printable(line)}\n")
        if follow:
            sys.stdout.flush()
    return 0


def _print_choice(logs: Sequence[TaskLog]) -> int:
    from build_env.ui.log import choice_lines  # noqa: PLC0415

    lines = choice_lines(logs, lambda at: time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at)))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _print_json(logs: Sequence[TaskLog], root: Path) -> int:
    from build_env.core.canonical import canonical_json, plain  # noqa: PLC0415

    data = [
        plain({**vars(item), **item.task._asdict(), "arch": item.arch, "path": str(item.path.relative_to(root))})
        for item in logs
    ]
    sys.stdout.write(canonical_json(data) + "\n")
    return 0
