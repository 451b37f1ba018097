"""Owns `build-env shell`: a shell or one command in a target's room, or in the room of a task that failed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from build_env.cli.options import DEBUG, ROOT
from build_env.cli.parser import Command
from build_env.cli.words import options_first

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.app.project import Project
    from build_env.engines.docker_console import Inside

__all__ = ["register"]

_VALUED = ("-a", "--arch", "--kind", "--root")


class ShellCommand(Command):
    """Takes options around TARGET, and leaves those behind CMD to it."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - a class of typer's private parser
        """Put our options first."""
        rest: list[str] = super().parse_args(ctx, options_first(args, _VALUED))
        return rest


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("shell", cls=ShellCommand)(shell)


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    name: str
    command: tuple[str, ...]
    arch: str
    kind: str
    kept: bool
    recreate: bool
    failed: bool
    root: Path | None


def shell(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The target; with --failed the package or task.", metavar="TARGET")] = "",
    command: Annotated[
        list[str] | None, typer.Argument(help="What to run; none: a shell on this terminal.", metavar="[CMD]...")
    ] = None,
    arch: Annotated[str, typer.Option("--arch", "-a", help="The architecture.", metavar="ARCH")] = "",
    kind: Annotated[str, typer.Option("--kind", help="The image: build or source.", metavar="KIND")] = "build",
    container: Annotated[bool, typer.Option("--container", "-c", help="The room that build-all -c keeps.")] = False,
    recreate: Annotated[bool, typer.Option("--recreate", "-r", help="Make the image anew.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="The room of a task that failed.")] = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Open a shell in a room of TARGET, or run CMD there; the exit status is the command's.

    The room has copies of common/ and src/ below /build; it is removed at the end, except with --container.
    """
    from build_env.cli.errors import run_command  # noqa: PLC0415 - `--help` starts fast

    wanted = _Wanted(
        name=name,
        command=tuple(command or ()),
        arch=arch,
        kind=kind,
        kept=container,
        recreate=recreate,
        failed=failed,
        root=root,
    )
    context.exit(run_command(lambda: _shell(wanted), debug=debug))


def _shell(wanted: _Wanted) -> int:
    from build_env.app.project import open_project  # noqa: PLC0415
    from build_env.cli.arguments import check_choice  # noqa: PLC0415
    from build_env.core.errors import UsageError  # noqa: PLC0415

    check_choice("--kind", wanted.kind or " ", ("build", "source"))
    if not wanted.command and not sys.stdin.isatty():
        raise UsageError("a shell needs a terminal", hint="name a command: build-env shell TARGET CMD")
    project = open_project(wanted.root)
    if wanted.failed:
        return _in_failed(project, wanted)
    if not wanted.name:
        raise UsageError("no target is named", hint=f"targets: {', '.join(project.target_names())}")
    return _in_target(project, wanted)


def _in_target(project: Project, wanted: _Wanted) -> int:
    from build_env.app.shell import ShellRequest, enter_target  # noqa: PLC0415
    from build_env.model.command import ImageKind  # noqa: PLC0415

    request = ShellRequest(
        target=project.match_target(wanted.name),
        kind=ImageKind(wanted.kind),
        architecture=wanted.arch,
        kept=wanted.kept,
        recreate=wanted.recreate,
    )
    with enter_target(project, request, _tell) as inside:
        return _run(inside, wanted.command)


def _in_failed(project: Project, wanted: _Wanted) -> int:
    from build_env.app.containers import connect_containers  # noqa: PLC0415
    from build_env.app.shell import choose_failed, enter_failed, failed_rooms  # noqa: PLC0415

    connection = connect_containers(project, reuse=False, slots=1).connection
    room = choose_failed(failed_rooms(connection, project), wanted.name)
    _tell(f"a copy of the room of {room.task} as it was when it failed; what you change in it goes at the end")
    with enter_failed(connection, project, room) as inside:
        return _run(inside, wanted.command)


def _run(inside: Inside, command: tuple[str, ...]) -> int:
    from build_env.engines.docker_console import LOGIN  # noqa: PLC0415

    if command:
        return inside.command(command, sys.stdout.buffer, sys.stderr.buffer)
    return inside.terminal(LOGIN)


def _tell(line: str) -> None:
    """What is no output of the command goes to standard error."""
    sys.stderr.write(f"note    {line}\n")
    sys.stderr.flush()
