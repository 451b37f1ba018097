"""Owns the answer to "why": what a task's key covers now against what a recorded result covered, the first difference.

Pure, except that manifests of trees are asked of the caller: the old tree may be gone, its manifest is in the store.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from build_env.core.visible import visible_name
from build_env.model.task import Place
from build_env.plan.keys import FILE, INSTALLED, TREE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ABSENT", "Difference", "first_difference", "named"]

ABSENT = ""
_LAYER = f"{Place.LAYER.value} {INSTALLED}"
_SHA256, _DIGEST = 64, 12
_WINDOW, _BEFORE = 60, 20
_ORDER = (
    "version",
    "stage",
    "base",
    "dockerfile",
    TREE.strip(),
    FILE.strip(),
    "command",
    "environment",
    "epoch",
    "mount",
)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """An input that is not what it was: `old` and `new` are digests or short values, empty where it is absent."""

    name: str
    old: str
    new: str

    def __str__(self) -> str:
        """`src/greet/greet.c changed (1a2b3c4d → 5e6f7a8b)`."""
        name = visible_name(self.name)
        if not self.old:
            return f"{name} is new"
        if not self.new:
            return f"{name} is gone"
        old, new = map(visible_name, _where_they_differ(self.old, self.new))
        return f"{name} changed ({old} → {new})"


def first_difference(
    old: Mapping[str, str], new: Mapping[str, str], manifest: Callable[[str], bytes | None]
) -> Difference | None:
    """The first input that differs, in the order a person would look; None when all are equal.

    `manifest` gives the manifest of a tree, or a list of packages, by its digest, None where it is not known.
    """
    names = sorted({*old, *new}, key=lambda name: (_rank(name), name))
    for name in names:
        before, after = old.get(name, ABSENT), new.get(name, ABSENT)
        if before != after:
            inner = _inside(name, before, after, manifest)
            return inner or Difference(name=named(name), old=before, new=after)
    return None


def named(name: str) -> str:
    """How a person reads the name of an input."""
    return (
        name.removeprefix(TREE)
        .removeprefix(FILE)
        .replace("image image.json", "the image")
        .replace(_LAYER, "the list of installed packages")
    )


def _inside(name: str, before: str, after: str, manifest: Callable[[str], bytes | None]) -> Difference | None:
    """The first entry that differs inside a tree or a list of installed packages, None where that is not known."""
    if not name.startswith(TREE) and name != _LAYER:
        return None
    old, new = manifest(before), manifest(after)
    if old is None or new is None:
        return None
    entries = _packages if name == _LAYER else _tree_entries
    prefix = "installed package " if name == _LAYER else f"{name.removeprefix(TREE)}/"
    one, two = entries(old), entries(new)
    for entry in sorted({*one, *two}):
        if one.get(entry) != two.get(entry):
            return Difference(name=f"{prefix}{entry}", old=one.get(entry, ABSENT), new=two.get(entry, ABSENT))
    return None


def _tree_entries(manifest: bytes) -> dict[str, str]:
    """Entry name to what counts of it: digest or link target, with its kind where that is not a plain file."""
    return {name: _counts(kind, value, executable=executable) for name, kind, executable, value in json.loads(manifest)}


def _packages(listing: bytes) -> dict[str, str]:
    """Package and architecture to version; of several versions of one package, which RPM allows, all."""
    versions: dict[str, str] = {}
    for line in listing.decode(errors="replace").splitlines():
        name, _, rest = line.partition(" ")
        version, _, architecture = rest.partition(" ")
        key = f"{name} ({architecture})"
        versions[key] = ", ".join(filter(None, (versions.get(key), version)))
    return versions


def _counts(kind: str, value: str, *, executable: bool) -> str:
    if kind == "directory":
        return "directory"
    if kind == "link":
        return f"link to {value}"
    return f"{value[:12]}, executable" if executable else value


def _rank(name: str) -> int:
    first = name.split(" ", maxsplit=1)[0]
    return _ORDER.index(first) if first in _ORDER else len(_ORDER)


def _where_they_differ(old: str, new: str) -> tuple[str, str]:
    """Both values on one line: digests by their beginning, long texts around the first difference."""
    if _is_digest(old) or _is_digest(new):
        return _digest_cut(old), _digest_cut(new)
    for before, after in zip_longest(old.splitlines(), new.splitlines(), fillvalue="nothing"):
        if before != after:
            same = next(
                (at for at, (one, two) in enumerate(zip(before, after, strict=False)) if one != two),
                min(len(before), len(after)),
            )
            return _cut(before, same), _cut(after, same)
    return old[:_DIGEST], new[:_DIGEST]


def _digest_cut(value: str) -> str:
    return value[:_DIGEST] if _is_digest(value) else value


def _is_digest(value: str) -> bool:
    return len(value) == _SHA256 and all(letter in "0123456789abcdef" for letter in value)


def _cut(line: str, same: int) -> str:
    """`line`, shortened to a window that shows its first `same` characters' end and what follows."""
    start = max(0, same - _BEFORE) if len(line) > _WINDOW else 0
    text = line[start : start + _WINDOW]
    return f"{'…' if start else ''}{text.strip()}{'…' if start + _WINDOW < len(line) else ''}"
