"""Owns what an external of the project is: name, schema, work; and what it may ask of the outside."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from build_env.core.schema import fitted
from build_env.manifest.externals import ExternalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from build_env.core.shapes import Fields

__all__ = ["Answer", "Context", "Program", "Rooms", "answer"]


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
    """Where relative paths begin, rooms, the target that is compiled for (may be empty).

    `tell` gets what a person should know.
    """

    directory: Path
    rooms: Rooms
    tell: Callable[[str], None]
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
    """What `program` answers to `tree`. Raises ExternalError with everything that is wrong with `tree`."""
    arguments, misfits = fitted(program.schema, tree)
    if misfits or not isinstance(arguments, dict):
        lines = [f"{program.name} cannot use its arguments", *(f"  {misfit}" for misfit in misfits)]
        raise ExternalError("\n".join(lines))
    try:
        found = program.run(arguments, replace(context, tell=lambda line: context.tell(f"{program.name}: {line}")))
    except ExternalError as error:
        raise ExternalError(f"{program.name}: {error}") from error
    return _literal(found)


def _literal(value: object) -> object:
    """`value` for a manifest, which resolves an answer again: what our programs return means itself, also a `$`."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [_literal(item) for item in value]
    return {key: _literal(item) for key, item in value.items()} if isinstance(value, dict) else value
