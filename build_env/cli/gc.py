"""Owns `build-env gc`: what of this checkout nothing needs any more, and removing it when that is asked for."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from build_env.cli.options import JSON, ROOT
from build_env.cli.printing import print_json, print_lines
from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.core.sizes import SIZE_EXAMPLE, parse_size

with imported_later():
    from build_env.app import project
    from build_env.core import ages
    from build_env.inspect import gc as inspect_gc
    from build_env.model import garbage as model_garbage
    from build_env.ui import garbage

__all__ = ["gc"]

_FORTNIGHT = "14d"


def gc(
    older_than: Annotated[str, typer.Option("--older-than", help="What is newer stays.", metavar="AGE")] = _FORTNIGHT,
    layers_keep: Annotated[
        str, typer.Option("--layers-keep", help="Keep at most so many layers, or bytes.", metavar="N|SIZE")
    ] = "",
    delete: Annotated[bool, typer.Option("--delete", help="Remove it; without, only say what would go.")] = False,
    json: JSON = False,
    root: ROOT = None,
) -> None:
    """Say what is no longer needed below build/ and in the engine; with --delete remove it.

    What is up to date, published, or newer than asked stays.
    """
    age = ages.parse_age(older_than)
    if age is None:
        raise UsageError(f"--older-than {older_than} is no age", hint=f"write {ages.AGE_EXAMPLE}")
    limit = _limit(layers_keep)
    collection = (inspect_gc.collect if delete else inspect_gc.survey)(project.open_project(root), age, limit)
    if json:
        print_json(collection)
        return
    options = "" if older_than == _FORTNIGHT else f" --older-than {older_than}"
    options += f" --layers-keep {layers_keep}" if layers_keep else ""
    command = f"build-env gc{options} --delete"
    print_lines(garbage.garbage_lines(collection, command, time.time()))


def _limit(text: str) -> model_garbage.LayerLimit:
    if text.isdecimal():
        return model_garbage.LayerLimit(count=int(text))
    size = parse_size(text)
    if text and size is None:
        raise UsageError(f"--layers-keep {text} is no limit", hint=f"write how many layers, or {SIZE_EXAMPLE}")
    return model_garbage.LayerLimit(size=size)
