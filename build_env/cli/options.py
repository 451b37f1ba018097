"""Owns the options that commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from build_env.cli.words import comma_list
from build_env.model.options import BuildOptions

__all__ = ["ARCHITECTURES", "DEBUG", "ENGINE", "JSON", "PACKAGES", "ROOT", "STAGE", "TARGET", "TARGETS", "look_options"]

ROOT = Annotated[Path | None, typer.Option("--root", help="The project root.", metavar="DIRECTORY")]
DEBUG = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TARGET = Annotated[
    str, typer.Option("--target", "--docker", "-d", help="The target, or a part of its name.", metavar="NAME")
]
TARGETS = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "--docker",
        "-d",
        help="Targets, or parts of their names, comma separated or repeated, or all.",
        metavar="NAME",
    ),
]
ARCHITECTURES = Annotated[
    list[str] | None,
    typer.Option("--arch", "-a", help="Architectures, comma separated or repeated.", metavar="ARCH"),
]
PACKAGES = Annotated[list[str] | None, typer.Argument(help="Packages; none: all.", metavar="PACKAGES")]
ENGINE = Annotated[str, typer.Option("--engine", help="docker or native.", metavar="ENGINE")]
STAGE = Annotated[str, typer.Option("--stage", help="source, build, verify, …", metavar="STAGE")]


def look_options(
    packages: list[str] | None,
    targets: list[str] | None,
    architectures: list[str] | None,
    engine: str,
    root: Path | None,
) -> BuildOptions:
    """What the commands that look ahead ask for; they run nothing."""
    return BuildOptions(
        packages=tuple(packages or ()),
        targets=comma_list(targets or ()),
        architectures=comma_list(architectures or ()),
        engine=engine,
        root=root,
        dry_run=True,
    )
