"""Owns `build-env validate`: whether all that people wrote can be used, for all targets at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import JSON, ROOT
from build_env.cli.printing import print_json, print_lines
from build_env.cli.words import comma_list
from build_env.core.errors import InputError
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import project
    from build_env.inspect import validate as inspect_validate

if TYPE_CHECKING:
    from build_env.inspect.validate import Validated

__all__ = ["validate", "validation_lines"]


def validate(
    packages: Annotated[list[str] | None, typer.Argument(help="Packages; none: all.", metavar="PACKAGES")] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "--docker", "-d", help="Targets; none: all.", metavar="NAME"),
    ] = None,
    json: JSON = False,
    root: ROOT = None,
) -> int:
    """Check all definitions, packaging and hooks for all targets and architectures. Builds nothing, asks no engine.

    Exit code 2 when something is wrong.
    """
    opened = project.open_project(root)
    targets = opened.match_targets(comma_list(target or ("all",)))
    validated = inspect_validate.validate(opened, targets, tuple(packages or ()))
    if json:
        print_json([{"fault": str(one.fault), "targets": one.targets} for one in validated.findings])
    else:
        print_lines(validation_lines(validated))
    return InputError.exit_code if validated.findings else 0


def validation_lines(validated: Validated) -> list[str]:
    """All faults with the targets that have them, and what was checked."""
    lines = []
    for one in validated.findings:
        first, *rest = one.fault.lines()
        where = "" if one.targets == validated.targets else f" (for {', '.join(one.targets)})"
        lines += [f"fault   {first}{where}", *(f"        {line}" for line in rest)]
    checked = f"{_count(validated.packages, 'package')} for {_count(validated.targets, 'target')}"
    faults = _count(validated.findings, "fault")
    return [*lines, f"failed  {faults} in {checked}" if lines else f"ok      {checked}"]


def _count(items: tuple[object, ...], noun: str) -> str:
    return f"{len(items)} {noun}{'s' * (len(items) != 1)}"
