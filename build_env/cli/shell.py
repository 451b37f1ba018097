"""Owns `build-env shell`: a shell or one command in a target's room, or in the room of a task that failed."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import ROOT
from build_env.cli.printing import print_line, print_note
from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.core.machine import ALSO_CALLED
from build_env.model.options import check_choice

with imported_later():
    from build_env.app import containers
    from build_env.app import project as app_project
    from build_env.engines.docker import console
    from build_env.inspect import failed as inspect_failed
    from build_env.inspect import shell as inspect_shell
    from build_env.model import command as model_command

if TYPE_CHECKING:
    from build_env.app.project import Project
    from build_env.engines.docker.connection import Connection
    from build_env.engines.docker.console import Inside
    from build_env.engines.docker.leftovers import FailedRoom
    from build_env.inspect.shell import ShellRequest

__all__ = ["shell"]


def shell(
    name: Annotated[str, typer.Argument(help="The target; with --failed the package or task.", metavar="TARGET")] = "",
    command: Annotated[
        list[str] | None, typer.Argument(help="What to run; none: a shell on this terminal.", metavar="[CMD]...")
    ] = None,
    arch: Annotated[str, typer.Option("--arch", "-a", help="The architecture.", metavar="ARCH")] = "",
    kind: Annotated[str, typer.Option("--kind", help="The image: build or source.", metavar="KIND")] = "build",
    container: Annotated[bool, typer.Option("--container", "-c", help="The room that build-all -c keeps.")] = False,
    recreate: Annotated[bool, typer.Option("--recreate", "-r", help="Make the image anew.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="The room of a task that failed.")] = False,
    resume: Annotated[
        bool, typer.Option("--continue", help="With --failed: run the rest of the task there afterwards.")
    ] = False,
    root: ROOT = None,
) -> int:
    """Open a shell in a room of TARGET, or run CMD there; the exit status is the command's.

    The room has copies of common/ and src/ below /build; it is removed at the end, except with --container.
    With --failed --continue the task goes on from the command that failed, after CMD or the shell has ended; its
    result is marked as continued by hand, and the next build-all makes a fresh one.
    """
    words = tuple(command or ())
    check_choice("--kind", kind or " ", ("build", "source"))
    if resume and not failed:
        raise UsageError("--continue needs --failed", hint="build-env shell --failed PACKAGE --continue")
    if not words and not sys.stdin.isatty() and not resume:
        raise UsageError("a shell needs a terminal", hint="name a command: build-env shell TARGET CMD")
    project = app_project.open_project(root)
    if failed:
        return _in_failed(project, name, arch, words, resume=resume)
    request = inspect_shell.ShellRequest(
        target=name,
        kind=model_command.ImageKind(kind),
        architecture=ALSO_CALLED.get(arch, arch),
        kept=container,
        recreate=recreate,
    )
    return _in_target(project, request, words)


def _in_target(project: Project, request: ShellRequest, command: tuple[str, ...]) -> int:
    if not request.target:
        raise UsageError("no target is named", hint=f"targets: {', '.join(project.target_names())}")
    request = replace(request, target=project.match_target(request.target))
    with inspect_shell.enter_target(project, request, print_note) as inside:
        return _run(inside, command)


def _in_failed(project: Project, name: str, arch: str, command: tuple[str, ...], *, resume: bool) -> int:
    connection = containers.connect_containers(project, reuse=False, slots=1).connection
    room = inspect_failed.choose_failed(inspect_failed.kept_rooms(connection, project), name, arch)
    if resume:
        return _continue(connection, project, room, command)
    print_note(f"a copy of the room of {room.task} as it was when it failed; what you change in it goes at the end")
    with inspect_shell.enter_failed(connection, project, room) as inside:
        return _run(inside, command)


def _continue(connection: Connection, project: Project, room: FailedRoom, command: tuple[str, ...]) -> int:
    """Let the person mend the room, then go on with the task. A command that fails mended nothing."""
    with inspect_failed.continued(connection, project, room) as task:
        if command or sys.stdin.isatty():
            print_note(f"a copy of the room of {room.task} as it was when it failed; the task goes on at the end")
            status = _run(task.copy.inside, command)
            if command and status:
                print_note(f"the command ended with {status}: the task does not go on, what it changed is gone")
                return status
        print_note(f"going on with command {task.engine.command} of {task.commands}")
        result = task.go_on(print_line)
    if not result.ok:
        print_note(f"{result.message}; the room is kept as it is now: build-env shell --failed {room.task} --continue")
        return 1
    for path in task.paths:
        print_note(f"made {project.paths.shown(str(path))}")
    print_note("the result is recorded as continued by hand: the next build-all makes a fresh one")
    return 0


def _run(inside: Inside, command: tuple[str, ...]) -> int:
    if command:
        return inside.command(command, sys.stdout.buffer, sys.stderr.buffer)
    return inside.terminal(console.LOGIN)
