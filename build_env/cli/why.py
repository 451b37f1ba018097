"""Owns `build-env why`: for each task of a package whether it would run, and the first input that is the cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.cli.options import JSON, looking_ahead
from build_env.cli.printing import print_json, print_lines, print_note
from build_env.core.later import imported_later
from build_env.model.options import BuildOptions

with imported_later():
    from build_env.cli import actions

if TYPE_CHECKING:
    from build_env.inspect.why import Explanation

__all__ = ["why"]


@looking_ahead
def why(options: BuildOptions, *, json: JSON = False) -> None:
    """Name the first input that differs from the last result, down the chain of tasks; also for what is up to date."""
    explanations, notes = actions.explain_tasks(options)
    for note in notes:
        print_note(note)
    if json:
        print_json(explanations)
    else:
        print_lines(line for item in explanations for line in _lines(item))


def _lines(item: Explanation) -> list[str]:
    lines = [f"  {item.verdict:<6}{item.label:<33} {item.reason}".rstrip()]
    return [*lines, *(f"        {label}: {reason}" for label, reason in item.chain)]
