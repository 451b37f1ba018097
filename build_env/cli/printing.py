"""Owns how a command prints: lines or JSON on standard output, notes on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from build_env.core.later import imported_later

with imported_later():
    from build_env.core import canonical, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["print_json", "print_json_text", "print_line", "print_lines", "print_note", "print_output"]


def print_lines(lines: Iterable[str]) -> None:
    """Print all at once: a failure to make one of them comes before the first is seen."""
    sys.stdout.write(_shown("".join(f"{line}\n" for line in lines)))


def print_json(data: object) -> None:
    """Print `data` as canonical JSON."""
    print_json_text(canonical.canonical_json(data))


def print_json_text(text: str) -> None:
    """Print JSON; it means what it meant, whatever reads the output besides and whatever the encoding lacks."""
    sys.stdout.write(f"{visible.json_in(sys.stdout.encoding, visible.harmless_json(text))}\n")


def print_line(line: str) -> None:
    """Print a line of work that goes on, and let it be seen now."""
    sys.stdout.write(_shown(f"{line}\n"))
    sys.stdout.flush()


def print_note(text: str) -> None:
    """Tell on standard error what is no output of the command."""
    sys.stderr.write(_shown(f"note    {text}\n"))
    sys.stderr.flush()


def print_output(line: str) -> None:
    """Tell on standard error what a program prints that works for the command."""
    sys.stderr.write(f"        | {visible.printable(line)}\n")
    sys.stderr.flush()


def _shown(text: str) -> str:
    """Lines in which no name can move the cursor, or be a command to the CI system that reads them."""
    return visible.harmless(visible.visible(text))
