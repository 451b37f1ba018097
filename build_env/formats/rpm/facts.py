"""Owns what a built RPM says of itself to those that install it: names, files, needs, architecture."""

from __future__ import annotations

import mmap
import struct
from typing import TYPE_CHECKING

from build_env.formats.format import PackageFacts
from build_env.formats.rpm.header import main_header
from build_env.formats.rpm.needs import debian_architecture, needs_in

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_rpm"]

_NAME, _ARCH, _PROVIDES, _REQUIRES = 1000, 1022, 1047, 1049
_MOST_TEXTS = 250_000  # file names, or needs, of one package
_LONGEST_PATHS = 32 << 20  # characters
_DIRECTORY_NUMBERS, _BASE_NAMES, _DIRECTORY_NAMES = 1116, 1117, 1118


def read_rpm(path: Path) -> PackageFacts | None:
    """What the RPM at `path` says of itself, or None when its header cannot be read."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            tags, _ = main_header(data)
        return PackageFacts(
            name=_texts(tags, _NAME)[0],
            provides=(*_texts(tags, _PROVIDES), *_files(tags)),
            depends=needs_in(name for name in _texts(tags, _REQUIRES) if not name.startswith("rpmlib(")),
            architecture=debian_architecture(_texts(tags, _ARCH)[0]),
        )
    except (OSError, ValueError, LookupError, struct.error):
        return None


def _texts(tags: dict[int, tuple[bytes, bytes]], tag: int) -> list[str]:
    """The texts of a tag.

    Raises:
        ValueError: there are more than any package has.

    """
    value = tags.get(tag, (b"", b""))[0]
    if value.count(b"\0") > _MOST_TEXTS:
        raise ValueError("too many texts")
    return value.decode(errors="replace").split("\0") if tag in tags else []


def _files(tags: dict[int, tuple[bytes, bytes]]) -> list[str]:
    """The paths of all files: any of them can be asked for.

    Raises:
        ValueError: written out they are longer than those of any package.

    """
    names, directories = _texts(tags, _BASE_NAMES), _texts(tags, _DIRECTORY_NAMES)
    stored = tags.get(_DIRECTORY_NUMBERS, (b"", b""))[0].ljust(4 * len(names), b"\0")
    numbers = struct.unpack(f">{len(names)}I", stored[: 4 * len(names)])
    if sum(len(directories[number]) for number in numbers) > _LONGEST_PATHS:
        raise ValueError("too long paths")
    return [f"{directories[number]}{name}" for name, number in zip(names, numbers, strict=True)]
