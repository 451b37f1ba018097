"""Owns `build-env graph`: the tasks of a plan, or its packages, as a graph for graphviz, mermaid or a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import JSON, looking_ahead
from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.model.options import BuildOptions, check_choice

with imported_later():
    from build_env.cli import actions
    from build_env.core import canonical
    from build_env.inspect import graph as inspect_graph
    from build_env.ui import files
    from build_env.ui.graph import dot as graph_dot
    from build_env.ui.graph import mermaid, nodes

if TYPE_CHECKING:
    from build_env.ui.graph.nodes import Picture

__all__ = ["graph"]

_FORMATS = ("dot", "mermaid", "svg")


@looking_ahead
def graph(
    options: BuildOptions,
    *,
    format_: Annotated[str, typer.Option("--format", help="dot, mermaid or svg.", metavar="FORMAT")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this file, not to standard output.", metavar="FILE")
    ] = None,
    by_package: Annotated[bool, typer.Option("--packages", help="One node per package.")] = False,
    json: JSON = False,
) -> None:
    """Draw what build-all would do: tasks grouped by package, an arrow from what is made first to what needs it.

    Ellipse: hit. Box: run. Hexagon: maybe. A dashed arrow only puts one task after another.
    """
    wanted = "json" if json and not format_ else format_ or "dot"
    if json and wanted != "json":
        raise UsageError("--json and --format exclude each other", hint="leave one of them out")
    if not json:
        check_choice("--format", wanted, _FORMATS)
    if output is not None:
        files.check_place(output, "--output")
    planned, answers = actions.look_ahead(options)
    verdicts = {task: answer.partition(" ")[0] for task, answer in answers.items()}
    text = _written((nodes.packages_picture if by_package else nodes.tasks_picture)(planned.plan, verdicts), wanted)
    if output is None:
        sys.stdout.write(text)
    else:
        files.write_whole(output, text, "--output")


def _written(picture: Picture, wanted: str) -> str:
    if wanted == "json":
        return canonical.canonical_json(nodes.graph_data(picture)) + "\n"
    if wanted == "mermaid":
        return "".join(f"{line}\n" for line in mermaid.mermaid_lines(picture))

    dot = "".join(f"{line}\n" for line in graph_dot.dot_lines(picture))
    if wanted == "dot":
        return dot

    return inspect_graph.draw_svg(dot)
