"""Owns TOML: text to data, with the place of each key that stands at the beginning of a line. Knows no meaning.

The standard parser tells no places of keys. They are found by the look of lines; a key inside an inline table has none.
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from build_env.core.errors import InputError, Location
from build_env.core.texts import read_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path as FilePath

    from build_env.core.schema import Path

__all__ = ["read_toml"]

_FAULT = re.compile(r"\(at line (\d+), column (\d+)\)$")
_PART = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEYS = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_HEADING = re.compile(rf"[ \t]*\[[ \t]*(?P<keys>{_KEYS})[ \t]*\]")
_ENTRY = re.compile(rf"[ \t]*(?P<keys>{_KEYS})[ \t]*=")


def read_toml(file: FilePath, shown: str) -> tuple[dict[str, Any], Mapping[Path, Location]]:
    """The data of a file, and where its keys stand; `shown` is its name in faults.

    Raises InputError with the place for what is not UTF-8 or not TOML.
    """
    text = read_text(file, shown)
    try:
        return tomllib.loads(text), _places(text, shown)
    except RecursionError as error:
        raise InputError("this is nested too deeply", location=Location(file=shown)) from error
    except tomllib.TOMLDecodeError as error:
        at = _FAULT.search(str(error))
        where = Location(file=shown, line=int(at[1]), column=int(at[2])) if at else Location(file=shown)
        raise InputError(f"this is not TOML: {_FAULT.sub('', str(error)).strip()}", location=where) from error


def _places(text: str, shown: str) -> dict[Path, Location]:
    places: dict[Path, Location] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        heading = _HEADING.match(line)
        key = heading or _ENTRY.match(line)
        if key is None:
            continue
        path = (*(() if heading else table), *(part.strip("\"'") for part in re.findall(_PART, key["keys"])))
        table = path if heading else table
        for length in range(1, len(path) + 1):
            places.setdefault(path[:length], Location(file=shown, line=number, column=key.start("keys") + 1))
    return places
