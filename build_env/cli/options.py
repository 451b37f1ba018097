"""Owns the options that commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ARCHITECTURES", "DEBUG", "JSON", "ROOT", "TARGET", "TARGETS"]

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
