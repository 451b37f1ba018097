"""Owns the reading of text files that people write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import Fault, InputError, Location

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["carriage_returns", "read_text"]


def read_text(path: Path, shown: str) -> str:
    """The text of a file of the project, which errors call `shown`; raises InputError when it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError("this is not UTF-8", location=Location(file=shown, line=line)) from error


def carriage_returns(data: bytes, shown: str) -> tuple[Fault, ...]:
    """A fault if the first line of a script ends as on Windows: what runs it takes the CR for a part of the line."""
    if not data.partition(b"\n")[0].endswith(b"\r"):
        return ()
    message = "its lines end with CR LF, which shells do not read; let git check it out with LF (core.autocrlf=input)"
    return (Fault(message=message, location=Location(file=shown, line=1)),)
