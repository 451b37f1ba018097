"""Owns what can be the name of a package. Reads nothing, so that a command line is checked at once."""

from __future__ import annotations

from build_env.core.errors import UsageError
from build_env.core.schema import text_fits
from build_env.core.shapes import Text

__all__ = ["PACKAGE_NAME", "check_name", "is_name"]

PACKAGE_NAME = Text(
    words="a package name: letters, digits and + . _ -, first a letter or digit, no two dots together",
    pattern=r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9+._-]*",
)


def is_name(name: str) -> bool:
    """Whether `name` can be a package's name."""
    return text_fits(PACKAGE_NAME, name)


def check_name(name: str) -> str:
    """`name` if it can be a package's name.

    Raises:
        UsageError: it cannot be one.

    """
    if not is_name(name):
        raise UsageError(
            f"{name!r} cannot be a package name",
            hint="names start with a letter or digit and hold letters, digits and + . _ -",
        )
    return name
