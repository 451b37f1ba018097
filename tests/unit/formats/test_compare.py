"""Two archives that differ in one thing: that thing is named, by the member and the property."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import struct
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.formats.compare import Difference, expected_to_differ, first_difference

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"./usr/": b"", "./usr/bin/greet": b"program of 12 bytes", "./usr/share/notes": b"notes"}


def tar(files: dict[str, bytes], **changed: Any) -> bytes:  # noqa: ANN401 - fields of a tar header
    """A tar in which the file ./usr/bin/greet has the changed header fields."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
            info.size, info.mode, info.mtime = len(content), 0o644, 1_700_000_000
            if name == "./usr/bin/greet":
                for field, value in changed.items():
                    setattr(info, field, value)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def ar(members: dict[str, bytes], mtime: int = 0) -> bytes:
    parts = [b"!<arch>\n"]
    for name, content in members.items():
        parts.append(struct.pack("16s12s6s6s8s10s2s", *(_left(text, width) for text, width in (
            (name, 16), (str(mtime), 12), ("0", 6), ("0", 6), ("100644", 8), (str(len(content)), 10),
        )), b"`\n"))  # fmt: skip
        parts.append(content + b"\n" * (len(content) % 2))
    return b"".join(parts)


def _left(text: str, width: int) -> bytes:
    return text.ljust(width).encode()


def deb(files: dict[str, bytes], control: bytes = b"Package: greet\n", **changed: Any) -> bytes:  # noqa: ANN401
    sums = b"".join(b"%d %s\n" % (hash(content), name.encode()) for name, content in files.items())
    return ar({
        "debian-binary": b"2.0\n",
        "control.tar.xz": lzma.compress(tar({"./control": control, "./md5sums": sums})),
        "data.tar.xz": lzma.compress(tar(files, **changed)),
    })  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "what", "first", "second"),
    [
        ({"mode": 0o664}, "mode", "0644", "0664"),
        ({"mtime": 1_700_000_001}, "mtime", "1700000000", "1700000001"),
        ({"uid": 1000}, "owner", "0:0", "1000:0"),
        ({"uname": "builder"}, "owner", "0:0", "0:0 builder"),
    ],
)
def test_a_header_of_a_file_in_a_deb(changed: dict[str, Any], what: str, first: str, second: str) -> None:
    found = first_difference(deb(FILES), deb(FILES, **changed))
    path = ("data.tar.xz", "./usr/bin/greet")
    assert found == Difference(path=path, what=what, first=first, second=second)


def test_content_goes_before_the_sums_that_follow_from_it() -> None:
    found = first_difference(deb(FILES), deb({**FILES, "./usr/bin/greet": b"program of 13 bytes"}))
    assert found is not None
    assert found.path == ("data.tar.xz", "./usr/bin/greet")
    assert found.what == "content from byte 12"
    assert (found.first, found.second) == ("program of 12 bytes", "program of 13 bytes")


def test_what_only_the_control_file_says() -> None:
    found = first_difference(deb(FILES), deb(FILES, control=b"Package: greet\nBuilt-On: a\n"))
    assert found is not None
    assert found.path == ("control.tar.xz", "./control")


def test_a_missing_member_an_additional_one_and_another_order() -> None:
    less = {name: content for name, content in FILES.items() if "notes" not in name}
    assert first_difference(tar(FILES), tar(less)) == Difference(path=("./usr/share/notes",), what="only in the first")
    assert first_difference(tar(less), tar(FILES)) == Difference(path=("./usr/share/notes",), what="only in the second")
    found = first_difference(tar(FILES), tar(dict(reversed(FILES.items()))))
    assert found == Difference(path=("./usr",), what="order of members", first="./usr", second="./usr/share/notes")


def test_a_compressed_file_in_an_archive_is_opened_too() -> None:
    pages = [gzip.compress(text, mtime=0) for text in (b"page of host a", b"page of host b")]
    found = first_difference(tar({"./page.gz": pages[0]}), tar({"./page.gz": pages[1]}))
    assert found is not None
    assert found.path == ("./page.gz",)
    assert found.what == "content from byte 13"


@pytest.mark.parametrize("compress", [lambda data, level: gzip.compress(data, level, mtime=0), bz2.compress])
def test_the_same_content_compressed_differently(compress: Any) -> None:  # noqa: ANN401
    data = bytes(range(256)) * 4000
    found = first_difference(compress(data, 1), compress(data, 9))
    assert found is not None
    assert found.what == "compression of the same content"


def test_a_time_in_the_header_of_gzip() -> None:
    found = first_difference(gzip.compress(b"x", mtime=1), gzip.compress(b"x", mtime=2))
    assert found is not None
    assert found.what == "compression of the same content"


def test_the_header_of_an_ar_member() -> None:
    found = first_difference(ar({"debian-binary": b"2.0\n"}), ar({"debian-binary": b"2.0\n"}, mtime=5))
    assert found == Difference(path=("debian-binary",), what="mtime", first="0", second="5")


def test_a_name_that_is_there_twice() -> None:
    def twice(second: bytes) -> bytes:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for content in (b"one", second):
                info = tarfile.TarInfo("./file")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return buffer.getvalue()

    found = first_difference(twice(b"two"), twice(b"too"))
    assert found is not None
    assert (found.path, found.what) == (("./file",), "content from byte 1")


def test_what_tells_of_the_build_may_differ() -> None:
    names = ("greet_1.buildinfo", "greet_1.changes", "greet_1.dsc", "greet_1_amd64.deb")
    assert [expected_to_differ(name) for name in names] == [True, True, False, False]


MAGIC = st.sampled_from([b"", b"!<arch>\n", b"\x1f\x8b\x08", b"\xfd7zXZ\x00", b"BZh9", b"070701", b"\xed\xab\xee\xdb"])
BYTES = st.builds(bytes.__add__, MAGIC, st.binary(max_size=300))


@given(BYTES, BYTES)
def test_any_bytes_are_compared(first: bytes, second: bytes) -> None:
    found = first_difference(first, second)
    assert (found is None) == (first == second)


@given(st.integers(0, 1 << 20), st.integers(0, 255))
def test_a_damaged_package_is_compared(at: int, value: int) -> None:
    good = deb(FILES)
    bad = bytearray(good)
    bad[at % len(bad)] = value
    assert (first_difference(good, bytes(bad)) is None) == (good == bytes(bad))


SPEC = """Name: sample
Version: 1
Release: 1
Summary: {summary}
License: none
BuildArch: noarch
%description
None.
%install
mkdir -p %{{buildroot}}/usr/share
printf {content} >%{{buildroot}}/usr/share/sample
chmod {mode} %{{buildroot}}/usr/share/sample
touch -d @1700000000 %{{buildroot}}/usr/share/sample
%files
/usr/share/sample
"""


def rpm(directory: Path, *, summary: str = "x", content: str = "same", mode: str = "644", sign: str = "a") -> bytes:
    """A package as rpmbuild makes it, in a place of its own."""
    program = shutil.which("rpmbuild")
    if program is None:
        pytest.skip("rpmbuild is not installed here; .ci/run installs it")
    top = directory / f"{summary}-{content}-{mode}-{sign}"
    top.mkdir()
    (top / "sample.spec").write_text(SPEC.format(summary=summary, content=content, mode=mode))
    macros = {"_topdir": str(top), "_buildhost": "host", "use_source_date_epoch_as_buildtime": "1"}
    definitions = [word for name, value in macros.items() for word in ("-D", f"{name} {value}")]
    subprocess.run(
        [program, "-bb", *definitions, str(top / "sample.spec")],
        env={"SOURCE_DATE_EPOCH": "1700000000", "PATH": "/usr/bin:/bin", "HOME": str(top)},
        check=True,
        capture_output=True,
    )
    return next(top.glob("RPMS/noarch/*.rpm")).read_bytes()


def test_an_rpm_by_member_and_by_tag(tmp_path: Path) -> None:
    plain = rpm(tmp_path)
    content = first_difference(plain, rpm(tmp_path, content="other"))
    assert content is not None
    assert content.path == ("payload", "./usr/share/sample")
    assert content.what == "content from byte 0"
    mode = first_difference(plain, rpm(tmp_path, mode="664"))
    assert mode == Difference(
        path=("payload", "./usr/share/sample"), what="mode", first="-rw-r--r--", second="-rw-rw-r--"
    )
    tag = first_difference(plain, rpm(tmp_path, summary="y"))
    assert tag is not None
    assert (tag.path, tag.what, tag.first, tag.second) == (("header",), "tag SUMMARY", "x", "y")


def test_the_signature_of_an_rpm_does_not_count(tmp_path: Path) -> None:
    plain = bytearray(rpm(tmp_path))
    signed = bytearray(plain)
    signed[96 + 16 + 16 * struct.unpack_from(">I", plain, 96 + 8)[0]] ^= 1  # in the store of the signature
    assert signed != plain
    assert first_difference(bytes(plain), bytes(signed)) is None
