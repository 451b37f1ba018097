"""Owns the comparison of two files that should be the same: packages are opened, and the first difference is named.

Pure but for the program that Zstandard needs; see `archives`. Never fails: what cannot be opened is compared as bytes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from build_env.packages.archives import Member, Unreadable, decompressed, members_of, split_rpm

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Difference", "expected_to_differ", "first_difference"]

_EXPECTED = (".buildinfo", ".changes")
_AROUND = 16  # bytes shown before and behind the first that differs
_DEPTH = 6  # archives in archives
_FOLLOWS = ("md5sums", "control.tar")  # what differs because something else does is named only if nothing else does
# Of an RPM's header: names of tags that say something, and tags that only repeat what the payload is.
_RPM_TAGS = {
    1000: "NAME", 1001: "VERSION", 1002: "RELEASE", 1003: "EPOCH", 1004: "SUMMARY", 1005: "DESCRIPTION",
    1006: "BUILDTIME", 1007: "BUILDHOST", 1009: "SIZE", 1014: "LICENSE", 1016: "GROUP", 1020: "URL", 1021: "OS",
    1022: "ARCH", 1023: "PREIN", 1024: "POSTIN", 1025: "PREUN", 1026: "POSTUN", 1028: "FILESIZES", 1030: "FILEMODES",
    1034: "FILEMTIMES", 1035: "FILEDIGESTS", 1036: "FILELINKTOS", 1037: "FILEFLAGS", 1039: "FILEUSERNAME",
    1040: "FILEGROUPNAME", 1044: "SOURCERPM", 1047: "PROVIDENAME", 1049: "REQUIRENAME", 1050: "REQUIREVERSION",
    1064: "RPMVERSION", 1080: "CHANGELOGTIME", 1094: "COOKIE", 1096: "FILEINODES", 1117: "BASENAMES",
    1118: "DIRNAMES", 1122: "OPTFLAGS", 1125: "PAYLOADCOMPRESSOR", 1126: "PAYLOADFLAGS", 1132: "PLATFORM",
    5062: "ENCODING", 5092: "PAYLOADDIGEST", 5097: "PAYLOADDIGESTALT",
}  # fmt: skip
_RPM_FOLLOWING = frozenset({63, 1009, 1028, 1030, 1034, 1035, 5092, 5093, 5097})


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Where two files first differ: `path` leads through archives to a member, `what` names the property.

    `first` and `second` are what either has.
    """

    path: tuple[str, ...] = ()
    what: str
    first: str = ""
    second: str = ""


def expected_to_differ(name: str) -> bool:
    """Whether an artifact tells of the build and not of the package."""
    return name.endswith(_EXPECTED)


def first_difference(first: bytes, second: bytes, depth: int = _DEPTH) -> Difference | None:
    """The first difference that a person can act on, or None."""
    if first == second:
        return None
    found = _opened(first, second, depth) if depth else None
    if found is not None:
        return found if found.what else None
    return _bytes(first, second)


_SAME = Difference(what="")  # they differ only in what does not count


def _opened(first: bytes, second: bytes, depth: int) -> Difference | None:
    try:
        packages = split_rpm(first), split_rpm(second)
        if packages[0] and packages[1]:
            return _rpm(packages[0], packages[1], depth)
        return _members(members_of(first), members_of(second), depth) or Difference(what="padding between members")
    except Unreadable:
        pass
    try:
        inner = decompressed(first), decompressed(second)
    except Unreadable:
        return None
    return first_difference(*inner, depth) or replace(_bytes(first, second), what="compression of the same content")


def _rpm(first: tuple[dict[int, bytes], bytes], second: tuple[dict[int, bytes], bytes], depth: int) -> Difference:
    """Files before tags: most of the tags say what the files are."""
    (tags, payload), (other_tags, other_payload) = first, second
    inside = first_difference(payload, other_payload, depth)
    if inside:
        return replace(inside, path=("payload", *inside.path))
    differing = [tag for tag in sorted({*tags, *other_tags}) if tags.get(tag) != other_tags.get(tag)]
    for tag in sorted(differing, key=_RPM_FOLLOWING.__contains__):
        values = [side[tag][8:] if tag in side else b"" for side in (tags, other_tags)]
        return replace(_bytes(*values), path=("header",), what=f"tag {_RPM_TAGS.get(tag, tag)}")
    return _SAME


def _members(first: list[Member], second: list[Member], depth: int) -> Difference | None:
    here, there = _numbered(first), _numbered(second)
    for one, other, words in ((here, there, "only in the first"), (there, here, "only in the second")):
        missing = next((name for name in one if name not in other), None)
        if missing is not None:
            return Difference(path=(missing[0],), what=words)
    for name in sorted(here, key=lambda name: _follows(name[0])):
        found = _member(here[name], there[name], depth)
        if found:
            return replace(found, path=(name[0], *found.path))
    for one_name, other_name in zip(here, there, strict=True):
        if one_name != other_name:
            return Difference(path=(one_name[0],), what="order of members", first=one_name[0], second=other_name[0])
    return None


def _numbered(members: list[Member]) -> dict[tuple[str, int], Member]:
    """By name, and by how many of that name came before: an archive may hold a name twice."""
    seen: Counter[str] = Counter()
    found = {}
    for item in members:
        found[item.name, seen[item.name]] = item
        seen[item.name] += 1
    return found


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


def _bytes(first: bytes, second: bytes) -> Difference:
    shorter = min(len(first), len(second))
    at = next((index for index in _blocks(first, second, shorter)), shorter)
    one, other = (side[max(0, at - _AROUND) : at + _AROUND] for side in (first, second))
    return Difference(what=f"content from byte {at}", first=_excerpt(one), second=_excerpt(other))


def _blocks(first: bytes, second: bytes, size: int, block: int = 1 << 16) -> Iterable[int]:
    """Where the bytes differ, looked for in blocks because that is fast."""
    for start in range(0, size, block):
        if first[start : start + block] != second[start : start + block]:
            yield from (index for index in range(start, min(start + block, size)) if first[index] != second[index])


def _excerpt(data: bytes) -> str:
    """Bytes as a person can read them: text where it is text."""
    return repr(data)[2:-1]
