"""Owns packages of the smallest kind (see `tiny`) that are large in one way each, of whatever size is asked for."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.tiny import SCRIPT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.tiny import Tiny

__all__ = ["CASES", "DEPLOYING", "Case"]

DEPLOYING = """

def run_deploy(env: Env, package: Package) -> None:
    env.deploy("deb", suite="stable")
"""
_BLOCK = 1 << 20
_IN_DIRECTORY = 1000
_GIVEN = "given.deb"
_HEAD = 60  # bytes of the head of a member


@dataclass(frozen=True, kw_only=True)
class Case:
    """A way to be large: `write` makes the package `name` with `size` bytes, or files."""

    name: str
    size: int
    write: Callable[[Tiny, int], None]


def making(commands: str) -> str:
    """The script of a package whose build is these commands."""
    return SCRIPT.replace("--build) echo", f"--build) {commands} ;;\n--nothing) echo")


def _source(project: Tiny, size: int) -> None:
    project.package("source", making(":"))
    block = os.urandom(_BLOCK)
    with (project.root / "src/source/large").open("wb") as file:
        for _ in range(size // _BLOCK):
            file.write(block)


def _files(project: Tiny, number: int) -> None:
    project.package("files", making(":"))
    for first in range(0, number, _IN_DIRECTORY):
        directory = project.root / f"src/files/{first}"
        directory.mkdir()
        for name in range(first, min(first + _IN_DIRECTORY, number)):
            (directory / f"file-{name}").write_text(f"{name}\n", encoding="ascii")


def _result(project: Tiny, size: int) -> None:
    """A .deb that can be published: its content is a tar of zeros, which is empty."""
    head = _ar(("debian-binary", b"2.0\n"), ("control.tar.gz", gzip.compress(_control("result"), mtime=0)))
    deb = '"$BUILD_OUT/result_1.0_amd64.deb"'
    take = f'cat "$BUILD_SRC/{_GIVEN}" >{deb}; truncate -s {len(head) + _HEAD + size} {deb}'
    project.package("result", making(take))
    (project.root / "src/result" / _GIVEN).write_bytes(head + _member("data.tar", size))


def _log(project: Tiny, size: int) -> None:
    project.package("log", making(f"yes \"$(head -c 1000 /dev/zero | tr '\\0' x)\" | head -c {size}"))


def _line(project: Tiny, size: int) -> None:
    project.package("line", making(rf"head -c {size} /dev/zero | tr '\0' x"))


def _bomb(project: Tiny, size: int) -> None:
    """A .deb whose control file is nothing but zeros, thousands of times as large as what it is packed into."""
    project.package("control", making(f'cp "$BUILD_SRC/{_GIVEN}" "$BUILD_OUT/control_1.0_amd64.deb"'))
    info = tarfile.TarInfo("./control")
    info.size = size
    zeros = gzip.compress(bytes(16 * _BLOCK), mtime=0)
    packed = gzip.compress(info.tobuf(), mtime=0) + zeros * (size // (16 * _BLOCK))
    data = _ar(("debian-binary", b"2.0\n"), ("control.tar.gz", packed), ("data.tar", bytes(tarfile.RECORDSIZE)))
    (project.root / "src/control" / _GIVEN).write_bytes(data)


def _ar(*members: tuple[str, bytes]) -> bytes:
    return b"!<arch>\n" + b"".join(_member(name, len(data)) + data + b"\n" * (len(data) % 2) for name, data in members)


def _member(name: str, size: int) -> bytes:
    return f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{size:<10}`\n".encode()


def _control(name: str) -> bytes:
    text = f"Package: {name}\nVersion: 1.0\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: x\n"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("./control")
        info.size = len(text)
        archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


CASES = (
    Case(name="source", size=4 << 30, write=_source),
    Case(name="files", size=100_000, write=_files),
    Case(name="result", size=4 << 30, write=_result),
    Case(name="log", size=2 << 30, write=_log),
    Case(name="line", size=1 << 30, write=_line),
    Case(name="control", size=4 << 30, write=_bomb),
)
