"""Owns the options that commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from build_env.cli.parser import with_options
from build_env.cli.words import architecture_list, comma_list
from build_env.model.attempt import Narrowing
from build_env.model.options import BuildOptions, check_choice
from build_env.model.task import Stage

__all__ = ["ARCHITECTURES", "JSON", "ROOT", "TARGET", "looking_ahead", "narrowed"]

ROOT = Annotated[Path | None, typer.Option("--root", help="The project root.", metavar="DIRECTORY")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TARGET = Annotated[
    str, typer.Option("--target", "--docker", "-d", help="The target, or a part of its name.", metavar="NAME")
]
ARCHITECTURES = Annotated[
    list[str] | None,
    typer.Option("--arch", "-a", help="Architectures, comma separated or repeated.", metavar="ARCH"),
]


@with_options
def looking_ahead(
    packages: Annotated[list[str] | None, typer.Argument(help="Packages; none: all.", metavar="PACKAGES")] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "--docker",
            "-d",
            help="Targets, or parts of their names, comma separated or repeated, or all.",
            metavar="NAME",
        ),
    ] = None,
    arch: ARCHITECTURES = None,
    engine: Annotated[str, typer.Option("--engine", help="docker or native.", metavar="ENGINE")] = "",
    root: ROOT = None,
) -> BuildOptions:
    """What the commands that look ahead ask for; they run nothing."""
    return BuildOptions(
        packages=tuple(packages or ()),
        targets=comma_list(target or ()),
        architectures=architecture_list(arch or ()),
        engine=engine,
        root=root,
        dry_run=True,
    )


@with_options
def narrowed(
    target: TARGET = "",
    arch: ARCHITECTURES = None,
    stage: Annotated[str, typer.Option("--stage", help="source, build, verify, …", metavar="STAGE")] = "",
) -> Narrowing:
    """Which of the recorded tasks the commands that look back ask for."""
    check_choice("--stage", stage, tuple(Stage))
    return Narrowing(target=target, architectures=architecture_list(arch or ()), stage=stage)
