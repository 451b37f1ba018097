"""Owns which kinds of task there are. One of build-env's own is one line of `_OWN`; others are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import InputError
from build_env.work.deploy import Deploy, Tar
from build_env.work.image import Image
from build_env.work.layer import Layer
from build_env.work.stages import Ask, Build, Scan, Source, Verify

if TYPE_CHECKING:
    from build_env.work.kind import Kind

__all__ = ["find_kind", "kind_of", "kinds", "rank", "register"]

_OWN: tuple[Kind, ...] = (
    Image(),
    Scan(),
    Source(),
    Layer(),
    Ask(),
    Build(),
    Verify(),
    Deploy(),
    Tar(),
)
_KINDS: dict[str, Kind] = {kind.name: kind for kind in _OWN}


def register(kind: Kind) -> None:
    """Add a kind, or take a newer one of its name.

    Raises:
        InputError: when build-env has one of that name itself.
    """
    if any(kind.name == own.name for own in _OWN):
        raise InputError(f"the kind of task {kind.name} cannot be registered: build-env has it")
    _KINDS[kind.name] = kind


def kinds() -> tuple[Kind, ...]:
    """All kinds: build-env's own first, then the others in the order in which they were registered."""
    return tuple(_KINDS.values())


def find_kind(name: str) -> Kind | None:
    """The kind called `name`, or None: what is recorded may be of a kind that is not registered any more."""
    return _KINDS.get(name)


def kind_of(name: str) -> Kind:
    """The kind of a task of the plan.

    Raises:
        InputError: for a name of none.
    """
    kind = _KINDS.get(name)
    if kind is None:
        raise InputError(f"there is no kind of task {name}", hint=", ".join(_KINDS))
    return kind


def rank(name: str) -> float:
    """The place of a kind in listings."""
    return kind_of(name).rank
