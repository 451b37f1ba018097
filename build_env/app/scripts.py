"""Owns the look at the scripts of a project that recorded commands name, before a room runs them. Changes nothing."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.core.texts import carriage_returns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from build_env.core.errors import Fault
    from build_env.model.command import Command, Record
    from build_env.model.package import Package

__all__ = ["refuse_carriage_returns"]

_LONGEST = 255  # characters of a name; more is a text, such as a whole script behind `sh -c`


def refuse_carriage_returns(root: Path, packages: Mapping[str, Package], records: Iterable[Record]) -> None:
    """See that no script of the checkout at `root` has the line ends of Windows: it would be found out in a room.

    Raises:
        InputError: there are some.

    """
    named: dict[str, bool] = {}
    for record in records:
        for command in record.commands:
            for name, perhaps in _files(command):
                named[name] = perhaps and named.get(name, True)
    faults: list[Fault] = []
    for name, perhaps in named.items():
        shown = _in_project(packages, name)
        if shown and (path := root / shown).is_file():
            faults += carriage_returns(path, shown, perhaps=perhaps)
    if faults:
        raise InputError("scripts cannot be run", faults=tuple(faults))


def _files(command: Command) -> Iterator[tuple[str, bool]]:
    """The names that a command may have for files, from the top of the room, and whether each need not be a script."""
    program, *arguments = command.argv
    if "/" in program:
        yield posixpath.normpath(program), False
    for word in arguments:
        if word and len(word) <= _LONGEST and word.isprintable() and not word.startswith("-"):
            yield posixpath.normpath(posixpath.join(command.cwd, word)), True


def _in_project(packages: Mapping[str, Package], name: str) -> str:
    """Where the project has what a room has under this name; empty for what it has not."""
    top, _, rest = name.partition("/")
    package, _, inner = rest.partition("/")
    if top == "src" and package in packages:
        return f"{packages[package].directory}/{inner}"
    return "" if top in {"", "..", "."} or not rest else name
