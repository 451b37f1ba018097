"""Owns `build-env why`: for each task of a package whether it would run, and the first input that is the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer  # noqa: TC002 - typer reads annotations when the program runs

from build_env.cli.errors import run_command
from build_env.cli.options import ARCHITECTURES, DEBUG, ENGINE, JSON, PACKAGES, ROOT, TARGETS, look_options
from build_env.cli.printing import print_json, print_lines, print_note
from build_env.core.later import imported_later

with imported_later():
    from build_env.cli import actions

if TYPE_CHECKING:
    from build_env.inspect.why import Explanation
    from build_env.model.options import BuildOptions

__all__ = ["why"]


def why(
    context: typer.Context,
    packages: PACKAGES = None,
    target: TARGETS = None,
    arch: ARCHITECTURES = None,
    engine: ENGINE = "",
    json: JSON = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Name the first input that differs from the last result, down the chain of tasks; also for what is up to date."""
    options = look_options(packages, target, arch, engine, root)
    context.exit(run_command(lambda: _why(options, json=json), debug=debug))


def _why(options: BuildOptions, *, json: bool) -> int:
    explanations, note = actions.explain_tasks(options)
    if note:
        print_note(note)
    if json:
        print_json(explanations)
    else:
        print_lines(line for item in explanations for line in _lines(item))
    return 0


def _lines(item: Explanation) -> list[str]:
    lines = [f"  {item.verdict:<6}{item.label:<34}{item.reason}".rstrip()]
    return [*lines, *(f"        {label}: {reason}" for label, reason in item.chain)]
