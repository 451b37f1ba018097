"""Owns how a command prints: lines or JSON on standard output, notes on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from build_env.core.later import imported_later

with imported_later():
    from build_env.core import canonical, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["print_json", "print_line", "print_lines", "print_note"]


def print_lines(lines: Iterable[str]) -> None:
    """Print all at once: a failure to make one of them comes before the first is seen."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def print_json(data: object) -> None:
    """Print `data` as canonical JSON."""
    sys.stdout.write(f"{visible.harmless_json(canonical.canonical_json(data))}\n")


def print_line(line: str) -> None:
    """Print a line of work that goes on, and let it be seen now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def print_note(text: str) -> None:
    """Tell on standard error what is no output of the command."""
    sys.stderr.write(f"note    {text}\n")
    sys.stderr.flush()
