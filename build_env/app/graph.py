"""Owns the drawing of a graph by graphviz, which is an ordinary program that a machine may lack."""

from __future__ import annotations

import shutil
import subprocess

from build_env.core.errors import BuildEnvError, EnvironmentNotReady

__all__ = ["draw_svg"]


def draw_svg(dot: str) -> str:
    """The graph `dot` as SVG. Raises EnvironmentNotReady where graphviz is not installed."""
    program = shutil.which("dot")
    if program is None:
        raise EnvironmentNotReady(
            "SVG is drawn by graphviz, and its program dot is not on this machine",
            hint="install it (apt-get install graphviz, dnf install graphviz), or take --format dot or mermaid",
        )
    drawn = subprocess.run([program, "-Tsvg"], input=dot.encode(), capture_output=True, check=False)
    if drawn.returncode:
        said = drawn.stderr.decode(errors="replace").strip()
        raise BuildEnvError(f"graphviz could not draw the graph: {said}", hint="--format dot prints what it was given")
    return drawn.stdout.decode()
