"""Packages that say they are larger than they are, or are: what reads them stays small."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from typing import TYPE_CHECKING

import pytest

from build_env.formats import archives, compare
from build_env.formats.archives import Unreadable, decompressed, members_of
from build_env.formats.compare import difference_of_files
from build_env.formats.rpm.facts import read_rpm

if TYPE_CHECKING:
    from pathlib import Path

LEAD = b"\xed\xab\xee\xdb".ljust(96, b"\0")
STRINGS = 8
NAMED = [(1000, 6, 0, 1), (1022, 6, 4, 1)]  # name and architecture: where they stand in `names`, too


def header(index: list[tuple[int, int, int, int]], data: bytes) -> bytes:
    entries = b"".join(struct.pack(">IIII", *entry) for entry in index)
    return b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", len(index), len(data)) + entries + data


def rpm(directory: Path, main: bytes) -> Path:
    path = directory / "x.rpm"
    path.write_bytes(LEAD + header([], b"") + main)
    return path


def names(directory: bytes, number: int) -> bytes:
    """The header of a package with so many files in one directory."""
    base = b"x\0" * number
    data = b"pkg\0" + b"x86_64\0" + base + directory + b"\0"
    at = 11 + len(base)
    index = [*NAMED, (1117, STRINGS, 11, number), (1118, STRINGS, at, 1)]
    return header(index, data)


def test_a_header_of_a_sound_size_is_read(tmp_path: Path) -> None:
    facts = read_rpm(rpm(tmp_path, names(b"/usr/", 3)))
    assert facts is not None
    assert facts.provides == ("/usr/x", "/usr/x", "/usr/x")


@pytest.mark.parametrize(
    "main",
    [
        names(b"/", 300_000),
        names(b"/" * 100_000, 1000),
        header([*NAMED, *((tag, 6, 0, 1) for tag in range(2000, 70_000))], b"pkg\0amd64\0"),
        header(NAMED, b"pkg\0amd64\0" + b"x" * (33 << 20)),
    ],
    ids=["names", "paths", "tags", "bytes"],
)
def test_a_header_that_is_larger_than_any_is_not_read(tmp_path: Path, main: bytes) -> None:
    assert read_rpm(rpm(tmp_path, main)) is None


def test_tags_at_one_place_are_one_copy(tmp_path: Path) -> None:
    """60,000 copies of 4 MiB would be 240 GiB."""
    data = b"pkg\0amd64\0" + b"x" * (4 << 20)
    index = [*NAMED, *((tag, 6, 10, 1) for tag in range(10_000, 70_000))]
    facts = read_rpm(rpm(tmp_path, header(index, data)))
    assert facts is not None
    assert facts.name == "pkg"


def test_what_holds_more_than_is_taken_apart_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(bytes(3000))
    assert decompressed(packed) == bytes(3000)
    monkeypatch.setattr(archives, "MOST_OPENED", 2000)
    with pytest.raises(Unreadable, match="too much"):
        decompressed(packed)


def test_a_sparse_member_that_says_it_is_huge_is_not_read() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("sparse")
        info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(1 << 50)}
        info.size = 512
        archive.addfile(info, io.BytesIO(b"1\n0\n0\n".ljust(512, b"\0")))
    with pytest.raises(Unreadable, match="impossible size"):
        members_of(buffer.getvalue())


@pytest.mark.parametrize(("other", "what"), [(b"x" * 2999 + b"y", "content from byte 2999"), (b"x" * 3000, "")])
def test_of_large_files_the_first_byte_that_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: bytes, what: str
) -> None:
    monkeypatch.setattr(compare, "MOST_OPENED", 2000)
    monkeypatch.setattr(compare, "_BLOCK", 7)
    (tmp_path / "first").write_bytes(b"x" * 3000)
    (tmp_path / "second").write_bytes(other)
    found = difference_of_files(tmp_path / "first", tmp_path / "second")
    assert (found.what if found else "") == what
