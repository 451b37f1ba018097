"""Owns the drawing of a graph by graphviz, which is an ordinary program that a machine may lack."""

from __future__ import annotations

import os

from build_env.core.errors import BuildEnvError, EnvironmentNotReady
from build_env.core.machine import installing
from build_env.core.processes import CannotStart, Invocation, ProcessError, listed_environment, run_program

__all__ = ["draw_svg"]

_LONGEST = 600.0  # seconds; graphs of thousands of tasks take minutes


def draw_svg(dot: str) -> str:
    """The graph `dot` as SVG. Raises EnvironmentNotReady where graphviz is not installed, BuildEnvError."""
    hint = "--format dot prints what it was given"
    try:
        environment = listed_environment(os.environ, "HOME")
        drawn = run_program(Invocation(argv=["dot", "-Tsvg"], environment=environment, seconds=_LONGEST), dot.encode())
    except CannotStart as error:
        raise EnvironmentNotReady(
            f"SVG is drawn by graphviz, and its program {error}",
            hint=f"{installing('graphviz', 'graphviz')}; or take --format dot or mermaid",
        ) from error
    except ProcessError as error:
        raise BuildEnvError(f"graphviz could not draw the graph: {error}", hint=hint) from error
    if drawn.failure:
        raise BuildEnvError(f"graphviz could not draw the graph: {drawn.reason}", hint=hint)
    return drawn.output.decode()
