"""Spec files of different shape in `tests/e2e/specs`, with what `rpmbuild -bs` needs beside them.

A directory there that is called like an archive is what this archive holds.
"""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

__all__ = ["SPECS", "write_spec"]

_TOP = Path(__file__).parents[1] / "e2e/specs"
SPECS = tuple(sorted(path.name for path in _TOP.iterdir()))


def write_spec(name: str, directory: Path) -> Path:
    """Write the spec file of that name with its sources; the spec file."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in (_TOP / name).iterdir():
        top, _, compression = path.name.partition(".tar.")
        if compression:
            with tarfile.open(directory / path.name, "w:xz" if compression == "xz" else "w:gz") as archive:
                archive.add(path, top)
        else:
            shutil.copy(path, directory)
    return directory / f"{name}.spec"
