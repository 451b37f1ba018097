"""Owns how an RPM file is taken apart for a comparison: header and payload. Pure."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import TYPE_CHECKING

from build_env.formats.archives import Unreadable
from build_env.formats.compare import Opened

if TYPE_CHECKING:
    from mmap import mmap

__all__ = ["main_header", "opened"]

_RPM = b"\xed\xab\xee\xdb"
_LEAD = 96
_HEADER = b"\x8e\xad\xe8\x01"
_MOST_TAGS = 0xFFFF  # as rpm has it
_MOST_BYTES = 32 << 20  # of a header; rpm takes eight times as many, the largest of distributions have a fourth
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


def opened(data: bytes) -> Opened | None:
    """The tags of an RPM's header and its payload; None for other files.

    Lead and signature are left out: they follow from the rest, and from who signed.

    Raises:
        Unreadable: the RPM is broken.

    """
    if not data.startswith(_RPM):
        return None
    try:
        tags, end = main_header(data)
    except (struct.error, ValueError, LookupError) as error:
        raise Unreadable(str(error)) from error
    return Opened(fields=tags, payload=data[end:], names=_RPM_TAGS, following=_RPM_FOLLOWING)


def main_header(data: bytes | mmap) -> tuple[dict[int, tuple[bytes, bytes]], int]:
    """The tags behind lead and signature, as stored, without the zeros at their ends; and where the payload begins.

    Raises:
        ValueError: it is no RPM; struct.error and LookupError say the same.

    """
    _, signature_end = _rpm_header(data, _LEAD)
    return _rpm_header(data, signature_end + -signature_end % 8)


def _rpm_header(data: bytes | mmap, at: int) -> tuple[dict[int, tuple[bytes, bytes]], int]:
    """The values of a header structure by tag, as stored, each with its type and number; and where it ends.

    Raises:
        ValueError: there is no header at this place.

    """
    magic, _, count, size = struct.unpack_from(">4s4sII", data, at)
    if magic != _HEADER:
        raise ValueError("no header of an RPM")
    if count > _MOST_TAGS or size > _MOST_BYTES:
        raise ValueError("a header that is larger than any")
    index = [struct.unpack_from(">IIII", data, at + 16 + 16 * number) for number in range(count)]
    store = at + 16 + 16 * count
    offsets = sorted({offset for _, _, offset, _ in index} | {size})
    following = dict(pairwise(offsets))
    # One copy for each place: as many tags as there may be can name the same one.
    values = {at: data[store + at : store + end].rstrip(b"\0") for at, end in following.items() if at < size}
    tags = {tag: (values.get(at, b""), struct.pack(">II", kind, number)) for tag, kind, at, number in index}
    return tags, store + size
