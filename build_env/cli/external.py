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

    from build_env.app.externals.runner import OWN, open_runner  # noqa: PLC0415
    from build_env.core.errors import InputError  # noqa: PLC0415
    from build_env.manifest.externals import REMOVED, ExternalError, read_envelope, write_envelope  # noqa: PLC0415

    if not name:
        sys.stdout.write("".join(f"{key:<24}{OWN[key].summary}\n" for key in sorted(OWN)))
        return 0
    runner = open_runner(directory=Path.cwd(), root=root, tell=_tell)
    try:
        tree = read_envelope(sys.stdin.buffer.read())
    except ExternalError as error:
        raise InputError(str(error).replace("it printed", "standard input has")) from error
    if tree is REMOVED:
        raise InputError('standard input has no tree; {"tree": …} is expected')
    try:
        found = write_envelope(runner.run_own(name, tree))
    except ExternalError as error:
        raise InputError(str(error)) from error
    sys.stdout.write(f"{found.decode()}\n")
    return 0


def _tell(line: str) -> None:
    sys.stderr.write(f"note    {line}\n")
    sys.stderr.flush()
