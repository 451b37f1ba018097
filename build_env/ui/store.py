"""Owns how the state of the store is shown: what is damaged. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from build_env.ui.report.views import size_words
from build_env.ui.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.model.identity import TaskName

__all__ = ["damage_lines"]


class ShownRow(Protocol):
    """A result that cannot be used."""

    @property
    def task(self) -> TaskName:
        """The task that it is a result of."""

    @property
    def key(self) -> str:
        """Its key."""

    @property
    def fault(self) -> str:
        """What is wrong with it."""


class ShownDamage(Protocol):
    """What a check of the store found."""

    @property
    def found(self) -> bool:
        """Whether anything is damaged."""

    @property
    def database(self) -> str:
        """What is wrong with the database as a whole."""

    @property
    def rows(self) -> Sequence[ShownRow]:
        """Results that cannot be used."""

    @property
    def objects(self) -> Sequence[str]:
        """Damaged objects, by path below `build/`."""

    @property
    def results(self) -> int:
        """How many results are recorded."""

    @property
    def checked(self) -> int:
        """How many objects were read."""

    @property
    def size(self) -> int:
        """The bytes of those that are whole."""

    @property
    def unreferenced(self) -> int:
        """How many objects no result needs."""

    @property
    def unreferenced_size(self) -> int:
        """Their bytes."""


def damage_lines(damage: ShownDamage, *, repaired: bool) -> list[str]:
    """What was read, what is damaged, what to do about it."""
    lines = [
        f"read    {count(damage.results, 'result')}, {count(damage.checked, 'object')} ({size_words(damage.size)})"
    ]
    if damage.database:
        lines.append(f"  DAMAGED  build/store.db: {damage.database}")
    lines += [f"  DAMAGED  build/{name}" for name in damage.objects]
    lines += [f"  DAMAGED  result {row.key[:12]} of {row.task}: {row.fault}" for row in damage.rows]
    if damage.unreferenced and not damage.database:
        objects = f"{count(damage.unreferenced, 'object')} ({size_words(damage.unreferenced_size)})"
        lines.append(f"  unused   {objects}: no result needs them, build-env gc looks after them")
    if not damage.found:
        return [*lines, "done    nothing is damaged"]
    if repaired:
        return [*lines, "done    what was damaged is removed; the next run builds it again"]
    return [*lines, "failed  the store is damaged", "next    build-env verify-store --repair"]
