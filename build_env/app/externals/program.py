"""Owns what an external of the project is: name, schema, work; and what it may ask of the outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from build_env.app.externals.schema import Fields, fitted
from build_env.manifest.externals import ExternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Answer", "Context", "Program", "Rooms", "answer", "refuse"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How a command in a room ended, and what it printed."""

    status: int
    output: str
    standard_error: str


class Rooms(Protocol):
    """Runs commands in rooms of targets."""

    def run(self, target: str, architecture: str, argv: Sequence[str]) -> Answer:
        """Run `argv` as root in a room of its own. Raises ExternalError when there is no such room."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Where relative paths begin, the target that is compiled for (may be empty), and rooms."""

    directory: Path
    rooms: Rooms
    target: str = ""
    architecture: str = ""


@dataclass(frozen=True, kw_only=True)
class Program:
    """One external: `run` gets arguments that fit the schema, and returns the tree."""

    name: str
    summary: str
    schema: Fields
    run: Callable[[Mapping[str, object], Context], object]


def answer(program: Program, tree: object, context: Context) -> object:
    """The tree that `program` makes of `tree`. Raises ExternalError with everything that is wrong with `tree`."""
    faults: list[str] = []
    arguments = fitted(program.schema, tree, "", faults)
    refuse(program.name, faults)
    if not isinstance(arguments, dict):
        raise ExternalError(f"{program.name} takes a map")
    try:
        return program.run(arguments, context)
    except ExternalError as error:
        raise ExternalError(f"{program.name}: {error}") from error


def refuse(name: str, faults: Sequence[str]) -> None:
    """Raise ExternalError when there are faults."""
    if faults:
        raise ExternalError("\n".join([f"{name} cannot use its arguments", *(f"  {fault}" for fault in faults)]))
