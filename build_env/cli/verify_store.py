"""Owns `build-env verify-store`: whether store and repositories are what they were, and removing what is not."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.options import JSON, ROOT
from build_env.cli.printing import print_json, print_lines
from build_env.core.later import imported_later

with imported_later():
    from build_env.app import project
    from build_env.inspect import verify
    from build_env.ui import store

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["verify_store"]

_INTERVAL = 0.2  # seconds between two states on the terminal


def verify_store(
    repair: Annotated[bool, typer.Option("--repair", help="Remove what is damaged; the next run rebuilds it.")] = False,
    json: JSON = False,
    root: ROOT = None,
) -> int:
    """Read the store and what clients get of the repositories, and compare every file with its digest.

    Exit code 1 when something is damaged and --repair is not given.
    """
    damage, published = verify.verify_store(project.open_project(root), _progress(), repair=repair)
    found = damage.found or bool(published.files)
    if json:
        print_json({**vars(damage), "published": vars(published), "repaired": repair and found})
    else:
        print_lines(store.damage_lines(damage, published, repaired=repair))
    return int(bool(published.records) or (found and not repair))


def _progress() -> Callable[[int, int], None]:
    """Tells on a terminal how many objects have been read, on one line that goes at the end."""
    if not sys.stderr.isatty():
        return lambda _done, _all: None
    shown = time.monotonic()

    def tell(done: int, of: int) -> None:
        nonlocal shown
        if done == of:
            sys.stderr.write("\r\x1b[K")
        elif time.monotonic() - shown > _INTERVAL:
            shown = time.monotonic()
            sys.stderr.write(f"\rreading {done} of {of} objects")
        sys.stderr.flush()

    return tell
