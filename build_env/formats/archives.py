"""Owns how the archives that packages are made of are taken apart: ar, tar, cpio, and what compresses them. Pure.

Reads what a comparison needs, member by member in the order of the file; raises Unreadable for everything else.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import stat
import struct
import tarfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.core.processes import Invocation, ProcessError, listed_environment, run_program

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MOST_OPENED", "Member", "Unreadable", "decompressed", "members_of"]

MOST_OPENED = 128 << 20  # bytes: what is larger, or holds more, is not taken apart, because that is done in memory

_AR = b"!<arch>\n"
_CPIO = (b"070701", b"070702")
_LONGEST = 600.0  # seconds for zstd
_TAR_MAGIC_AT = 257
_CPIO_FIELDS = 13
_CPIO_HEADER = 6 + 8 * _CPIO_FIELDS


class Unreadable(Exception):
    """These bytes are no archive that can be taken apart here."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One member: `facts` are the fields of its header in words that people read, by name; `content` its bytes."""

    name: str
    facts: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


def members_of(data: bytes) -> list[Member]:
    """The members of an ar, tar or cpio archive.

    Raises:
        Unreadable: they are none, or one that is broken.

    """
    try:
        if data.startswith(_AR):
            return _ar(data)
        if data[_TAR_MAGIC_AT : _TAR_MAGIC_AT + 5] == b"ustar":
            return _tar(data)
        if data.startswith(_CPIO):
            return _cpio(data)
    except (tarfile.TarError, ValueError, LookupError, ArithmeticError, struct.error, EOFError, OSError) as error:
        raise Unreadable(str(error)) from error
    raise Unreadable("no archive")


def decompressed(data: bytes) -> bytes:
    """What a compressed stream holds; Zstandard needs its program, which a machine may lack.

    Raises:
        Unreadable: the bytes are no stream that can be unpacked here.

    """
    try:
        if data.startswith(b"\x1f\x8b"):
            return _read(gzip.GzipFile(fileobj=io.BytesIO(data)))
        if data.startswith(b"\xfd7zXZ\x00"):
            return _read(lzma.LZMAFile(io.BytesIO(data)))
        if data.startswith(b"BZh"):
            return _read(bz2.BZ2File(io.BytesIO(data)))
    except (OSError, EOFError, ValueError, lzma.LZMAError, struct.error, zlib.error) as error:
        raise Unreadable(str(error)) from error
    if data.startswith(b"\x28\xb5\x2f\xfd") and shutil.which("zstd"):
        environment = listed_environment(os.environ)
        zstd = Invocation(argv=["zstd", "-dc"], environment=environment, seconds=_LONGEST, most_output=MOST_OPENED)
        try:
            done = run_program(zstd, data)
        except ProcessError as error:
            raise Unreadable(str(error)) from error
        if not done.failure:
            return done.output
    raise Unreadable("not compressed in a way that is known here")


def _read(stream: io.BufferedIOBase) -> bytes:
    """All of a stream.

    Raises:
        ValueError: it holds more than is taken apart.

    """
    with stream:
        data = stream.read(MOST_OPENED + 1)
    if len(data) > MOST_OPENED:
        raise ValueError("too much for being taken apart")
    return data


def _ar(data: bytes) -> list[Member]:
    members: list[Member] = []
    at = len(_AR)
    while at < len(data):
        name, mtime, uid, gid, mode, size, end = struct.unpack_from("16s12s6s6s8s10s2s", data, at)
        if end != b"`\n":
            raise ValueError("a broken header")
        at += 60
        facts = {"mtime": _word(mtime), "owner": f"{_word(uid)}:{_word(gid)}", "mode": _word(mode)}
        length = int(size)
        if not 0 <= length <= len(data) - at:
            raise ValueError("a member with an impossible size")
        members.append(Member(name=_word(name).rstrip("/"), facts=facts, content=data[at : at + length]))
        at += length + length % 2
    return members


def _tar(data: bytes) -> list[Member]:
    members = []
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as archive:
        for item in archive:
            if item.size > len(data):  # a sparse one can say anything
                raise ValueError("a member with an impossible size")
            content = archive.extractfile(item) if item.isfile() else None
            facts = {
                "type": _TAR_TYPES.get(item.type, repr(item.type)),
                "mode": f"{item.mode:04o}",
                "owner": f"{item.uid}:{item.gid} {item.uname}:{item.gname}".strip(" :"),
                "mtime": f"{item.mtime:.9f}".rstrip("0").rstrip("."),
                "link": item.linkname,
            }
            members.append(Member(name=item.name, facts=facts, content=content.read() if content else b""))
    return members


_TAR_TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "link",
    tarfile.LNKTYPE: "hard link",
}


def _cpio(data: bytes) -> list[Member]:
    """The `newc` form; inode numbers only tell which members are one file.

    Raises:
        ValueError: a header is broken.

    """
    members: list[Member] = []
    at = 0
    while True:
        if data[at : at + 6] not in _CPIO:
            raise ValueError("a broken header")
        numbers = [int(data[at + 6 + 8 * index : at + 14 + 8 * index], 16) for index in range(_CPIO_FIELDS)]
        inode, mode, uid, gid, _, mtime, size = numbers[:7]
        name_size = numbers[11]
        name = data[at + _CPIO_HEADER : at + _CPIO_HEADER + name_size - 1].decode(errors="surrogateescape")
        if name == "TRAILER!!!":
            return members
        start = at + _CPIO_HEADER + name_size
        start += -start % 4
        facts = {
            "mode": f"{stat.filemode(mode)}",
            "owner": f"{uid}:{gid}",
            "mtime": str(mtime),
            "inode": str(inode),
        }
        members.append(Member(name=name, facts=facts, content=data[start : start + size]))
        at = start + size
        at += -at % 4


def _word(field_: bytes) -> str:
    return field_.decode(errors="surrogateescape").strip()
