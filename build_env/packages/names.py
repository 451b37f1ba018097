"""Owns what can be the name of a package. Reads nothing, so that a command line is checked at once."""

from __future__ import annotations

import re

from build_env.core.errors import UsageError

__all__ = ["check_name", "is_name"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]*")


def is_name(name: str) -> bool:
    """Whether `name` can be a package's name."""
    return bool(_NAME.fullmatch(name)) and ".." not in name


def check_name(name: str) -> str:
    """`name` if it can be a package's name; raises UsageError otherwise."""
    if not is_name(name):
        raise UsageError(
            f"{name!r} cannot be a package name",
            hint="names start with a letter or digit and hold letters, digits and + . _ -",
        )
    return name
