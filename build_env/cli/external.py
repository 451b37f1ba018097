"""Owns `build-env external`: an external of the project for other tools, which call it as a program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from build_env.cli.options import ROOT
from build_env.cli.printing import print_json_text, print_lines, print_note
from build_env.core.errors import Fault, InputError
from build_env.core.later import imported_later
from build_env.core.suggest import mistyped

with imported_later():
    from build_env.externals import executables
    from build_env.externals import runner as externals_runner
    from build_env.inspect import externals
    from build_env.manifest import externals as manifest_externals

__all__ = ["external"]


def external(
    name: Annotated[str, typer.Argument(help="The external; none: list them.", metavar="NAME")] = "",
    root: ROOT = None,
) -> None:
    """Answer as the external NAME: {"tree": ARGUMENTS} on standard input, {"tree": RESULT} on standard output."""
    if not name:
        print_lines(f"{key:<24}{program.summary}" for key, program in sorted(externals_runner.OWN.items()))
        return
    if name not in externals_runner.OWN:
        hint = "build-env external lists them"
        raise mistyped(f"build-env has no external {name}", name, externals_runner.OWN, hint=hint)
    runner = externals.open_runner(directory=Path.cwd(), root=root, tell=print_note)
    data = sys.stdin.buffer.read()
    if not data.strip():
        raise InputError('standard input is empty; {"tree": ARGUMENTS} is expected there')
    try:
        tree = executables.read_envelope(data)
    except manifest_externals.ExternalError as error:
        raise InputError(str(error).replace("it printed", "standard input has")) from error
    if tree is manifest_externals.REMOVED:
        raise InputError('standard input has no tree; {"tree": ARGUMENTS} is expected there')
    try:
        envelope = executables.write_envelope(runner.run_own(name, tree))
    except manifest_externals.ExternalError as error:
        first, *more = str(error).splitlines()
        faults = tuple(Fault(message=line.removeprefix("  ")) for line in more)
        raise InputError(first, faults=faults) from error
    print_json_text(envelope.decode())
