"""Owns `build-env explain CODE`: what the word in brackets behind an error message means."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer

from build_env.cli.printing import print_lines
from build_env.core.errors import BuildEnvError
from build_env.core.suggest import mistyped

__all__ = ["explain"]


def explain(
    code: Annotated[str, typer.Argument(help="The word in brackets; none: all.", metavar="[CODE]")] = "",
) -> None:
    """Say what the code of an error means and with which exit code it ends."""
    code = code.strip("[]")
    classes = _known()
    if code and code not in classes:
        listed = ", ".join(sorted(classes))
        raise mistyped(f"no error has the code {code}", code, classes, hint=f"the codes are {listed}")
    for name in [code] if code else sorted(classes):
        meaning, _, _ = (inspect.getdoc(classes[name]) or "").partition("\n\n")  # the rest is for readers of the code
        print_lines([f"{name} (exit code {classes[name].exit_code})"])
        print_lines(f"  {line}" for line in meaning.splitlines())


def _known() -> dict[str, type[BuildEnvError]]:
    """The class behind each code; of several with one code the most general."""
    # The modules that have codes of their own.
    import build_env.manifest.faults  # noqa: PLC0415, F401

    classes: dict[str, type[BuildEnvError]] = {}
    waiting: list[type[BuildEnvError]] = [BuildEnvError]
    while waiting:
        one = waiting.pop(0)
        classes.setdefault(one.code, one)
        waiting += one.__subclasses__()
    return classes
