"""Owns the comparison of two files that should be the same: packages are opened, and the first difference is named.

Pure but for the program that Zstandard needs; see `archives`. Never fails: what cannot be opened is compared as bytes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from build_env.formats.archives import MOST_OPENED, Member, Unreadable, decompressed, members_of
from build_env.formats.registry import formats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["Difference", "Opened", "difference_of_files", "expected_to_differ", "first_difference"]

_AROUND = 16  # bytes shown before and behind the first that differs
_BLOCK = 1 << 20  # bytes
_DEPTH = 6  # archives in archives
_FOLLOWS = ("md5sums", "control.tar")  # what differs because something else does is named only if nothing else does


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where two files first differ: `path` leads through archives to a member, `what` names the property.

    `first` and `second` are what either has.
    """

    path: tuple[str, ...] = ()
    what: str
    first: str = ""
    second: str = ""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A package that is no plain archive: the fields of its header by number, and its payload, still compressed.

    A field is its value and what else counts of it, such as its type.

    `names` are what people call fields; those in `following` only repeat what the payload is.
    """

    fields: Mapping[int, tuple[bytes, bytes]]
    payload: bytes
    names: Mapping[int, str] = field(default_factory=dict)
    following: frozenset[int] = frozenset()


def expected_to_differ(name: str) -> bool:
    """Whether an artifact tells of the build and not of the package."""
    return any(name.endswith(each.about_builds) for each in formats())


def difference_of_files(first: Path, second: Path) -> Difference | None:
    """As `first_difference`; of files that are too large for being taken apart, the first byte."""
    if max(first.stat().st_size, second.stat().st_size) <= MOST_OPENED:
        return first_difference(first.read_bytes(), second.read_bytes())
    before = 0
    with first.open("rb") as one, second.open("rb") as other:
        while (block := one.read(_BLOCK)) == (block_there := other.read(_BLOCK)):
            if not block:
                return None
            before += len(block)
    return _bytes(block, block_there, before)


def first_difference(first: bytes, second: bytes, depth: int = _DEPTH) -> Difference | None:
    """The first difference that a person can act on, or None."""
    if first == second:
        return None
    opened = _opened(first, second, depth) if depth else None
    if opened is not None:
        return opened if opened.what else None
    return _bytes(first, second)


_SAME = Difference(what="")  # they differ only in what does not count


def _opened(first: bytes, second: bytes, depth: int) -> Difference | None:
    try:
        for each in formats():
            packages = (each.opened(first), each.opened(second)) if each.opened else (None, None)
            if packages[0] and packages[1]:
                return _package(packages[0], packages[1], depth)
        return _members(members_of(first), members_of(second), depth) or Difference(what="padding between members")
    except Unreadable:
        pass
    try:
        inner = decompressed(first), decompressed(second)
    except Unreadable:
        return None
    return first_difference(*inner, depth) or replace(_bytes(first, second), what="compression of the same content")


def _package(first: Opened, second: Opened, depth: int) -> Difference:
    """Files before fields: most of the fields say what the files are."""
    inside = first_difference(first.payload, second.payload, depth)
    if inside:
        return replace(inside, path=("payload", *inside.path))
    sides = first.fields, second.fields
    differing = [name for name in sorted({*sides[0], *sides[1]}) if sides[0].get(name) != sides[1].get(name)]
    for name in sorted(differing, key=first.following.__contains__):
        values = [side.get(name, (b"", b""))[0] for side in sides]
        return replace(_bytes(values[0], values[1]), path=("header",), what=f"tag {first.names.get(name, name)}")
    return _SAME


def _members(first: list[Member], second: list[Member], depth: int) -> Difference | None:
    here, there = _numbered(first), _numbered(second)
    for one, other, words in ((here, there, "only in the first"), (there, here, "only in the second")):
        missing = next((name for name in one if name not in other), None)
        if missing is not None:
            return Difference(path=(missing[0],), what=words)
    for name in sorted(here, key=lambda name: _follows(name[0])):
        difference = _member(here[name], there[name], depth)
        if difference:
            return replace(difference, path=(name[0], *difference.path))
    for one_name, other_name in zip(here, there, strict=True):
        if one_name != other_name:
            return Difference(path=(one_name[0],), what="order of members", first=one_name[0], second=other_name[0])
    return None


def _numbered(members: list[Member]) -> dict[tuple[str, int], Member]:
    """By name, and by how many of that name came before: an archive may hold a name twice."""
    seen: Counter[str] = Counter()
    numbered = {}
    for item in members:
        numbered[item.name, seen[item.name]] = item
        seen[item.name] += 1
    return numbered


def _member(first: Member, second: Member, depth: int) -> Difference | None:
    """What lies in it before what its header says: a header often follows from the content."""
    inside = first_difference(first.content, second.content, depth - 1)
    if inside:
        return inside
    for name, value in first.facts.items():
        if value != second.facts.get(name, ""):
            return Difference(what=name, first=value, second=second.facts.get(name, ""))
    return None


def _follows(name: str) -> bool:
    return name.rpartition("/")[2].startswith(_FOLLOWS)


def _bytes(first: bytes, second: bytes, before: int = 0) -> Difference:
    """The first byte that differs; `before` are so many that are the same."""
    shorter = min(len(first), len(second))
    at = next((index for index in _blocks(first, second, shorter)), shorter)
    one, other = (side[max(0, at - _AROUND) : at + _AROUND] for side in (first, second))
    return Difference(what=f"content from byte {before + at}", first=_excerpt(one), second=_excerpt(other))


def _blocks(first: bytes, second: bytes, size: int, block: int = 1 << 16) -> Iterable[int]:
    """Where the bytes differ, looked for in blocks because that is fast."""
    for start in range(0, size, block):
        if first[start : start + block] != second[start : start + block]:
            yield from (index for index in range(start, min(start + block, size)) if first[index] != second[index])


def _excerpt(data: bytes) -> str:
    """Bytes as a person can read them: text where it is text."""
    return repr(data)[2:-1]
