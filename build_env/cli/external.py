"""Owns `build-env external`: an external of the project for other tools, which call it as a program."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import DEBUG, ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("external")(external)


def external(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The external; none: list them.", metavar="NAME")] = "",
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Answer as the external NAME: {"tree": ARGUMENTS} on standard input, {"tree": RESULT} on standard output."""
    from build_env.cli.errors import run_command  # noqa: PLC0415 - `--help` starts fast

    context.exit(run_command(lambda: _external(name, root), debug=debug))


def _external(name: str, root: Path | None) -> int:
    from pathlib import Path  # noqa: PLC0415

    from build_env.core.errors import Fault, InputError, UsageError  # noqa: PLC0415
    from build_env.core.suggest import did_you_mean  # noqa: PLC0415
    from build_env.externals.executables import read_envelope, write_envelope  # noqa: PLC0415
    from build_env.externals.runner import OWN  # noqa: PLC0415
    from build_env.inspect.externals import open_runner  # noqa: PLC0415
    from build_env.manifest.externals import REMOVED, ExternalError  # noqa: PLC0415

    if not name:
        sys.stdout.write("".join(f"{key:<24}{OWN[key].summary}\n" for key in sorted(OWN)))
        return 0
    if name not in OWN:
        near = did_you_mean(name, OWN)
        raise UsageError(f"build-env has no external {name}{near}", hint="build-env external lists them")
    runner = open_runner(directory=Path.cwd(), root=root, tell=_tell)
    data = sys.stdin.buffer.read()
    if not data.strip():
        raise InputError('standard input is empty; {"tree": ARGUMENTS} is expected there')
    try:
        tree = read_envelope(data)
    except ExternalError as error:
        raise InputError(str(error).replace("it printed", "standard input has")) from error
    if tree is REMOVED:
        raise InputError('standard input has no tree; {"tree": ARGUMENTS} is expected there')
    try:
        found = write_envelope(runner.run_own(name, tree))
    except ExternalError as error:
        first, *more = str(error).splitlines()
        faults = tuple(Fault(message=line.removeprefix("  ")) for line in more)
        raise InputError(first, faults=faults) from error
    sys.stdout.write(f"{found.decode()}\n")
    return 0


def _tell(line: str) -> None:
    sys.stderr.write(f"note    {line}\n")
    sys.stderr.flush()
