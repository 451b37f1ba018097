"""Owns what a new project consists of. Writes; what is there already stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.disk import disk_errors
from build_env.core.errors import UsageError
from build_env.core.paths import MARKER

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["begin"]

_SETTINGS = """\
# Settings of this project; the file also marks its root. Everything has a default: `build-env settings` shows it.
"""
_IGNORED = """\
# What build-env makes: results, state, keys
/build/
/.build-env/
"""


def begin(directory: Path) -> tuple[str, ...]:
    """Make `directory` a project; the names of the files that were written.

    Raises UsageError when it is one already.
    """
    if (directory / MARKER).exists():
        raise UsageError(f"{directory} is a project already", hint="build-env new package NAME adds a package")
    files = {MARKER: _SETTINGS, ".gitignore": _IGNORED}
    with disk_errors():
        (directory / "src").mkdir(parents=True, exist_ok=True)
        written = tuple(name for name in files if not (directory / name).exists())
        for name in written:
            (directory / name).write_text(files[name], encoding="utf-8")
    return written
