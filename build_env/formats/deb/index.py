"""Owns the text of an apt repository: Packages, Sources, Release, and their places below `dists`.

Deterministic for the same entries and date. Signing is done by `repository`.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from build_env.formats.deb.entries import SOURCE, stanza

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from build_env.formats.view import Entry, IndexRequest

__all__ = ["architectures_of", "index_files", "release_text", "write_indexes"]

_ALL = "all"


def architectures_of(entries: Iterable[Entry], wanted: Collection[str] = ()) -> tuple[str, ...]:
    """What a suite announces: those of its packages and the `wanted` ones; packages of all are in the index of each."""
    # Without any other, `all` is announced itself: a suite that names no architecture is empty for apt.
    named = {*wanted, *(str(entry.facts["architecture"]) for entry in entries)} - {SOURCE, _ALL}
    return tuple(sorted(named)) or (_ALL,)


def index_files(entries: Sequence[Entry], wanted: Collection[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Yield every index of the component main, each plain, as .gz and as .xz.

    The plain one must be listed in Release even if nobody fetches it; else apt silently sees no package.
    """
    for architecture in architectures_of(entries, wanted):
        chosen = [entry for entry in entries if entry.facts["architecture"] in {architecture, _ALL}]
        yield from _packed(f"main/binary-{architecture}/Packages", chosen)
    yield from _packed("main/source/Sources", [entry for entry in entries if entry.facts["architecture"] == SOURCE])


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
        if not hashed.exists():  # two indexes that are empty have one digest
            os.link(path, hashed)
        listed[name] = (digest, len(data))
    return listed


def release_text(request: IndexRequest, indexes: Mapping[str, tuple[str, int]]) -> str:
    """Return the Release file."""
    date = datetime.fromtimestamp(request.epoch, UTC).strftime("%a, %d %b %Y %H:%M:%S UTC")
    fields = {
        "Origin": request.label,
        "Label": request.label,
        "Suite": request.view.suite,
        "Codename": request.view.suite,
        "Date": date,
        "Acquire-By-Hash": "yes",
        "Architectures": " ".join(architectures_of(request.entries, request.architectures)),
        "Components": "main",
    }
    head = "".join(f"{name}: {value}\n" for name, value in fields.items())
    lines = (f" {digest} {size:>9} {name}\n" for name, (digest, size) in sorted(indexes.items()))
    return f"{head}SHA256:\n{''.join(lines)}"


def _packed(name: str, entries: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
    plain = "\n".join(stanza(entry) for entry in entries).encode()
    yield name, plain
    yield f"{name}.gz", gzip.compress(plain, mtime=0)  # no clock in the bytes: equal entries give an equal index
    yield f"{name}.xz", lzma.compress(plain)
