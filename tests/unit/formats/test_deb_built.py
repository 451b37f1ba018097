"""Built packages that somebody hostile made: reading one is bounded, whatever it claims."""

from __future__ import annotations

import gzip
import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.formats.deb.built import check_control, control_of
from build_env.formats.deb.control import read_deb
from tests.support.repositories import deb

if TYPE_CHECKING:
    from pathlib import Path


def archive(*members: tuple[str, bytes], size: str = "") -> bytes:
    """An ar archive; `size` is what the header of the last member claims."""
    parts = [b"!<arch>\n"]
    for number, (name, data) in enumerate(members, 1):
        claimed = size if size and number == len(members) else str(len(data))
        parts.append(
            f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{claimed:<10}`\n".encode() + data + b"\n" * (len(data) % 2)
        )
    return b"".join(parts)


def control_area(data: bytes) -> bytes:
    """A tar with one control file."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("./control")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue())


VERSION = ("debian-binary", b"2.0\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (archive(VERSION, ("control.tar.gz", b""), size="-60"), "is not a package that dpkg takes"),
        (archive(VERSION), "is not a package that dpkg takes"),
        (b"", "is not a package that dpkg takes"),
        (archive(VERSION, ("control.tar.gz", b"nothing"), ("data.tar.gz", b"")), "is not a readable Debian package"),
        (archive(VERSION, ("control.tar.gz", control_area(b"\xff")), ("data.tar.gz", b"")), "not a readable"),
        (
            archive(VERSION, ("control.tar.gz", control_area(bytes(2 << 20))), ("data.tar.gz", b"")),
            "no control file of a sound size",
        ),
    ],
)
def test_what_is_no_sound_package_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "object"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as refused:
        control_of(path, "a_1_amd64.deb")
    assert str(path) not in str(refused.value), "people know the package, not the object"
    assert read_deb(path) is None


def test_a_control_area_that_unpacks_without_end_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "object"
    path.write_bytes(archive(VERSION, ("control.tar.gz", control_area(bytes(64 << 20))), ("data.tar.gz", b"")))
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="a control area of more than 16 MiB"):
        control_of(path, "a_1_amd64.deb")


def test_a_sound_package_is_read_and_taken(tmp_path: Path) -> None:
    made = deb(tmp_path, "a", fields="Depends: b (>= 1) | c\n")
    check_control(made.path, "a")
    assert control_of(made.path, "a")["Depends"] == "b (>= 1) | c"
