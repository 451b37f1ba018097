"""Owns which package formats there are, and the questions that are asked of all of them at once.

A format of build-env's own is one line of `_own`. Others are registered by whoever brings them: a target's
`packages.conf.py` imports the module that calls `register` when it is loaded.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.core.suggest import did_you_mean

if TYPE_CHECKING:
    from build_env.formats.format import Format

__all__ = [
    "can_stand_in",
    "find_format",
    "format_called",
    "formats",
    "is_binary",
    "is_content",
    "is_published",
    "of_dependency_set",
    "register",
]

_REGISTERED: dict[str, Format] = {}


@cache
def _own() -> tuple[Format, ...]:
    """Formats are loaded with the first question: the help and a run with nothing to do ask none."""
    from build_env.formats.deb import DEB  # noqa: PLC0415 - python-debian costs 30 ms
    from build_env.formats.rpm import RPM  # noqa: PLC0415 - with it

    return (DEB, RPM)


def register(made: Format) -> None:
    """Add a format, or take a newer one of the same name: a target is loaded more than once in a process.

    Raises:
        InputError: build-env has a format of that name or packaging directory itself.

    """
    for own in _own():
        if made.name == own.name or set(made.packaging) & set(own.packaging):
            raise InputError(f"the format {made.name} ({made.packaging[0]}/) cannot be registered: build-env has it")
    _REGISTERED[made.name] = made
    for remembering in (formats, is_content):
        remembering.cache_clear()


@cache
def formats() -> tuple[Format, ...]:
    """All formats: build-env's own first, then the others in the order in which they were registered."""
    return (*_own(), *_REGISTERED.values())


def find_format(name: str) -> Format | None:
    """The format called `name`, or None."""
    return next((each for each in formats() if each.name == name), None)


def format_called(name: str) -> Format:
    """The format called `name`.

    Raises:
        InputError: there is none; it lists those there are.

    """
    known = find_format(name)
    if known is None:
        names = [each.name for each in formats()]
        raise InputError(f"there is no package format {name}{did_you_mean(name, names)}", hint=", ".join(names))
    return known


def of_dependency_set(name: str) -> Format | None:
    """The format whose set of build dependencies an artifact is, or None for any other artifact."""
    return next((each for each in formats() if each.dependency_set == name), None)


def can_stand_in(name: str) -> bool:
    """Whether build-env makes a stand-in for a base of this format that cannot be had; no for a name of no format."""
    called = find_format(name)
    return called is not None and called.stand_in


def is_binary(name: str) -> bool:
    """Whether an artifact is a built package."""
    return any(each.is_binary(name) for each in formats())


@lru_cache(maxsize=1 << 12)  # asked for each artifact of each input
def is_content(name: str) -> bool:
    """Whether an artifact enters the keys of dependents: packages and sources do, what tells of a build does not."""
    return any(each.is_content(name) for each in formats())


def is_published(name: str) -> bool:
    """Whether an artifact is a result for users: a package or a part of a source package."""
    return any(each.is_published(name) for each in formats())
