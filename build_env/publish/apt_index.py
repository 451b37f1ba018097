"""Owns the text of an apt repository: Packages, Sources, Release, and their places below `dists`.

Deterministic for the same entries and date. Signing and switching are done by `apt`.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from build_env.publish.apt_entries import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from build_env.publish.apt_entries import AptEntry
    from build_env.publish.model import AptDescription

__all__ = ["index_files", "release_text", "write_indexes"]

_ALL = "all"


def index_files(entries: Sequence[AptEntry], architectures: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Yield every index of the component main, each plain, as .gz and as .xz.

    The plain one must be listed in Release even if nobody fetches it; else apt silently sees no package.
    """
    for architecture in architectures:
        chosen = [entry for entry in entries if entry.architecture in {architecture, _ALL}]
        yield from _packed(f"main/binary-{architecture}/Packages", chosen)
    yield from _packed("main/source/Sources", [entry for entry in entries if entry.architecture == SOURCE])


def write_indexes(directory: Path, indexes: Iterable[tuple[str, bytes]], epoch: int) -> dict[str, tuple[str, int]]:
    """Write each index and its by-hash name; return name → (digest, size)."""
    listed = {}
    for name, data in indexes:
        path = directory / name
        digest = hashlib.sha256(data).hexdigest()
        hashed = path.parent / "by-hash" / "SHA256" / digest
        hashed.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        os.utime(path, (epoch, epoch))
        if not hashed.exists():
            os.link(path, hashed)
        listed[name] = (digest, len(data))
    return listed


def release_text(
    description: AptDescription,
    architectures: Sequence[str],
    indexes: Mapping[str, tuple[str, int]],
    epoch: int,
) -> str:
    """Return the Release file."""
    date = datetime.fromtimestamp(epoch, UTC).strftime("%a, %d %b %Y %H:%M:%S UTC")
    fields = {
        "Origin": description.origin,
        "Label": description.label,
        "Suite": description.suite,
        "Codename": description.codename,
        "Date": date,
        "Acquire-By-Hash": "yes",
        "Architectures": " ".join(architectures),
        "Components": "main",
        **({"Description": description.description} if description.description else {}),
    }
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    lines = (f" {digest} {size:>9} {name}\n" for name, (digest, size) in sorted(indexes.items()))
    return f"{head}SHA256:\n{''.join(lines)}"


def _packed(name: str, entries: Sequence[AptEntry]) -> Iterator[tuple[str, bytes]]:
    plain = "\n".join(entry.stanza() for entry in sorted(entries, key=lambda entry: entry.key)).encode()
    yield name, plain
    yield f"{name}.gz", gzip.compress(plain, mtime=0)
    yield f"{name}.xz", lzma.compress(plain)
