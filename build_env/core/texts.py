"""Owns the reading of texts that people write, or tasks for people: what is larger than any of them is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import Fault, InputError, Location
from build_env.core.sizes import size_words

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["carriage_returns", "read_text"]

_LARGEST = 16 << 20  # bytes
_LONGEST = 1 << 16  # bytes of a first line


def read_text(path: Path, shown: str, *, errors: str = "strict", most: int = _LARGEST) -> str:
    """The text of a file, which messages call `shown`; `errors` as in `bytes.decode`.

    Raises:
        InputError: it is not UTF-8, or has more than `most` bytes.

    """
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise InputError(
            f"this is larger than {size_words(most)}, and nothing of its kind is", location=Location(file=shown)
        )
    try:
        return data.decode("utf-8", errors).replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError("this is not UTF-8", location=Location(file=shown, line=line)) from error


def carriage_returns(script: Path, shown: str, *, perhaps: bool = False) -> tuple[Fault, ...]:
    """A fault if the first line of a script ends as on Windows: what runs it takes the CR for a part of the line.

    With `perhaps` it may be something else than a script: then it counts if it begins as one, or is called so.
    """
    with script.open("rb") as file:
        first = file.readline(_LONGEST)
    if not first.endswith((b"\r\n", b"\r")) or (perhaps and not (first.startswith(b"#!") or script.suffix == ".sh")):
        return ()
    message = "its lines end with CR LF, which shells do not read; let git check it out with LF (core.autocrlf=input)"
    return (Fault(message=message, location=Location(file=shown, line=1)),)
