"""Owns `build-env graph`: the tasks of a plan, or its packages, as a graph for graphviz, mermaid or a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import ARCHITECTURES, DEBUG, JSON, ROOT, TARGETS
from build_env.cli.words import comma_list

if TYPE_CHECKING:
    from build_env.cli.arguments import Arguments
    from build_env.ui.graph.nodes import Picture

__all__ = ["register"]

_FORMATS = ("dot", "mermaid", "svg")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("graph")(graph)


def graph(
    context: typer.Context,
    packages: Annotated[list[str] | None, typer.Argument(help="Packages; none: all.", metavar="PACKAGES")] = None,
    target: TARGETS = None,
    arch: ARCHITECTURES = None,
    engine: Annotated[str, typer.Option("--engine", help="docker or native.", metavar="ENGINE")] = "",
    format_: Annotated[str, typer.Option("--format", help="dot, mermaid or svg.", metavar="FORMAT")] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write this file, not to standard output.", metavar="FILE")
    ] = None,
    by_package: Annotated[bool, typer.Option("--packages", help="One node per package.")] = False,
    json: JSON = False,
    root: ROOT = None,
    debug: DEBUG = False,
) -> None:
    """Draw what build-all would do: tasks grouped by package, an arrow from what is made first to what needs it.

    Ellipse: hit. Box: run. Hexagon: maybe. A dashed arrow only puts one task after another.
    """
    from build_env.cli.arguments import Arguments  # noqa: PLC0415 - `--help` starts fast
    from build_env.cli.errors import run_command  # noqa: PLC0415

    arguments = Arguments(
        packages=tuple(packages or ()),
        targets=comma_list(target or ()),
        architectures=comma_list(arch or ()),
        engine=engine,
        root=root,
        dry_run=True,
    )
    wanted = "json" if json and not format_ else format_ or "dot"
    context.exit(run_command(lambda: _graph(arguments, wanted, output, by_package=by_package, json=json), debug=debug))


def _graph(arguments: Arguments, wanted: str, output: Path | None, *, by_package: bool, json: bool) -> int:
    from build_env.cli.actions import look_ahead  # noqa: PLC0415
    from build_env.cli.arguments import check_choice  # noqa: PLC0415
    from build_env.core.errors import UsageError  # noqa: PLC0415
    from build_env.ui.files import check_place, write_whole  # noqa: PLC0415
    from build_env.ui.graph.nodes import packages_picture, tasks_picture  # noqa: PLC0415

    if json and wanted != "json":
        raise UsageError("--json and --format exclude each other", hint="leave one of them out")
    if not json:
        check_choice("--format", wanted, _FORMATS)
    if output is not None:
        check_place(output, "--output")
    planned, answers = look_ahead(arguments)
    verdicts = {task: answer.partition(" ")[0] for task, answer in answers.items()}
    text = _written((packages_picture if by_package else tasks_picture)(planned.plan, verdicts), wanted)
    if output is None:
        sys.stdout.write(text)
    else:
        write_whole(output, text, "--output")
    return 0


def _written(picture: Picture, wanted: str) -> str:
    if wanted == "json":
        from build_env.core.canonical import canonical_json  # noqa: PLC0415
        from build_env.ui.graph.nodes import graph_data  # noqa: PLC0415

        return canonical_json(graph_data(picture)) + "\n"
    if wanted == "mermaid":
        from build_env.ui.graph.mermaid import mermaid_lines  # noqa: PLC0415

        return "".join(f"{line}\n" for line in mermaid_lines(picture))
    from build_env.ui.graph.dot import dot_lines  # noqa: PLC0415

    dot = "".join(f"{line}\n" for line in dot_lines(picture))
    if wanted == "dot":
        return dot
    from build_env.inspect.graph import draw_svg  # noqa: PLC0415

    return draw_svg(dot)
