"""Owns the writing of values into the definition of a package, beside what people wrote there."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import InputError
from build_env.manifest.edit import cannot_be_edited, edited, written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from build_env.manifest.edit import Values

__all__ = ["Written", "write_values"]


@dataclass(frozen=True, kw_only=True)
class Written:
    """The definition, by its name from the root; `lines` are for a person to write, where none could be written."""

    file: str
    lines: str = ""


def write_values(root: Path, directory: str, values: Values, holds: Callable[[], bool]) -> Written:
    """Put the values into the definition of the package in `directory` of the project at `root`.

    A directory that lies elsewhere is not of the project: no new file is put there. `holds` tells of the file that was
    written whether it says what is meant, which for one with directives is more than its text; if not, it is as before.

    Raises:
        InputError: the definition cannot be read, or not be edited without changing something else.

    """
    shown = f"{directory}/definition.yaml"
    path = root / shown
    if not path.is_file() and not (root / directory).resolve().is_relative_to(root.resolve()):
        place = (root / directory).resolve() / "definition.yaml"
        return Written(file=str(place), lines=written(values))
    # As bytes: ends of lines stay what they are.
    text = path.read_bytes().decode("utf-8-sig") if path.is_file() else ""
    ends = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    after = edited(plain, shown, values)
    if after != plain:
        with disk_errors():
            before = path.read_bytes() if path.is_file() else None
            _replace(path.resolve(), after.replace("\n", ends).encode())
            if not _is_so(holds):
                _restore(path.resolve(), before)
                raise cannot_be_edited(shown, values)
    return Written(file=shown)


def _is_so(holds: Callable[[], bool]) -> bool:
    try:
        return holds()
    except InputError:
        return False


def _restore(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink()
    else:
        _replace(path, data)


def _replace(path: Path, data: bytes) -> None:
    """Write all of it or nothing; a file that is there keeps its mode."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.write_bytes(data)
    if path.is_file():
        shutil.copymode(path, new)
    new.replace(path)
