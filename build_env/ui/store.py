"""Owns how the state of the store is shown: what is damaged. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.ui.report.views import size_words
from build_env.ui.words import count

if TYPE_CHECKING:
    from build_env.publish.holdings import Published
    from build_env.store.verify import Damage

__all__ = ["damage_lines"]


def damage_lines(damage: Damage, published: Published, *, repaired: bool) -> list[str]:
    """What was read, what is damaged, what to do about it."""
    lines = [
        f"read    {count(damage.results, 'result')}, {count(damage.checked, 'object')} ({size_words(damage.size)})"
    ]
    if published.checked:
        lines.append(f"read    {count(published.checked, 'published file')}")
    if damage.database:
        lines.append(f"  DAMAGED  build/store.db: {damage.database}")
    lines += [f"  DAMAGED  build/{name}" for name in damage.objects]
    lines += [f"  DAMAGED  result {row.key[:12]} of {row.task}: {row.fault}" for row in damage.rows]
    if damage.unreferenced and not damage.database:
        objects = f"{count(damage.unreferenced, 'object')} ({size_words(damage.unreferenced_size)})"
        lines.append(f"  unused   {objects}: no result needs them, build-env gc looks after them")
    lines += [f"  DAMAGED  build/{name}" for name in (*published.files, *published.records)]
    if published.records:
        hint = "restore the repository from a copy, or remove its directory and deploy again: records are not made anew"
        return [*lines, "failed  the record of a repository is damaged", f"next    {hint}"]
    if not damage.found and not published.files:
        return [*lines, "done    nothing is damaged"]
    if repaired:
        return [*lines, "done    what was damaged is removed; the next run builds it again"]
    what = "the store" if damage.found else "a repository"
    return [*lines, f"failed  {what} is damaged", "next    build-env verify-store --repair"]
