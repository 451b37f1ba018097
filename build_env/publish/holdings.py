"""Owns what a view of a channel holds and how that is proven: the digests of its packages, its indexes and the key.

    <index>/holdings      a line for each file: digest of the artifact, published path, digest of the published bytes
    <index>/proof.json    the digest of every file of the index and of the key, and the links at which they are read

A signed copy has other bytes than the artifact. What has not its digest, or has no proof, counts as not there: the next
deploy puts it back. Nothing here writes what clients read.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_file
from build_env.formats.view import KEY_FILE
from build_env.publish.generation import RepositoryDamaged, current_generation, private, through_current

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from build_env.publish.retention import Retained

__all__ = [
    "Held",
    "Published",
    "check_channel",
    "evidence",
    "held_files",
    "holds",
    "is_whole",
    "published_digests",
    "undamaged",
    "write_index_record",
]

_STATE = "state.json"
_HOLDINGS = "holdings"
_PROOF = "proof.json"


@dataclass(frozen=True, kw_only=True)
class Held:
    """A published file: its path below the channel, and the digest of its bytes."""

    path: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class _Proof:
    """What an index must be: digest by path from the index, link by path from the channel, and the key's digest."""

    files: Mapping[str, str]
    links: Mapping[str, str]
    key: str


def write_index_record(
    index: Path, state: Mapping[str, object], holdings: Mapping[str, Held], *, links: Mapping[str, str], key: str
) -> None:
    """Write what `holds` and the next publish read of an index, which is complete but for this.

    `holdings` maps each artifact's digest to its published file, `links` are those at which clients read the index,
    `key` is the digest of the public key.
    """
    text = "".join(f"{digest} {held.path} {held.digest}\n" for digest, held in sorted(holdings.items()))
    (index / _HOLDINGS).write_text(text, encoding="utf-8")
    (index / _STATE).write_text(json.dumps(state, sort_keys=True), encoding="utf-8")
    files = {str(path.relative_to(index)): digest_file(path) for path in sorted(index.rglob("*")) if path.is_file()}
    proof = {"files": files, "links": dict(links), "key": key}
    (index / _PROOF).write_text(json.dumps(proof, sort_keys=True), encoding="utf-8")


def holds(
    root: Path, name: str, digests: Collection[str], digest_of: Callable[[Path], str] = digest_file
) -> frozenset[str]:
    """Tell which of `digests` the view called `name` has now as they were published; none where its index is damaged.

    Raises:
        RepositoryDamaged: the list is damaged.

    """
    if not (private(root) / "current" / name).is_symlink() or any(_damaged_index(root, name, digest_of)):
        return frozenset()
    held = held_files(root, name)
    asked = frozenset(digests) & held.keys()
    return frozenset(digest for digest in asked if is_whole(root / held[digest].path, held[digest].digest, digest_of))


def evidence(root: Path, name: str, digests: Collection[str]) -> list[Path]:
    """The files that `holds` goes by: the view's index and list, which other views do not touch, and the packages.

    Raises:
        RepositoryDamaged: the list is damaged.

    """
    index = private(root) / "current" / name
    held = held_files(root, name)
    proof = _read_proof(index)
    files = [index / path for path in sorted(proof.files)] if proof else []
    links = [root / path for path in sorted(proof.links)] if proof else []
    packages = [root / held[digest].path for digest in sorted(held.keys() & frozenset(digests))]
    return [index / _HOLDINGS, index / _PROOF, root / KEY_FILE, *links, *files, *packages]


def is_whole(path: Path, digest: str, digest_of: Callable[[Path], str] = digest_file) -> bool:
    """Whether a file is there and has that digest."""
    try:
        return path.is_file() and digest_of(path) == digest
    except OSError:  # the disk does not give it back
        return False


def undamaged(index: Path, entries: Iterable[Retained]) -> list[Retained]:
    """Those whose files are what was written into the index; all where it has no proof."""
    proof = _read_proof(index)
    if proof is None:
        return list(entries)
    return [entry for entry in entries if is_whole(index / entry.path, proof.files.get(entry.path, ""))]


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a check of channels found: the number of files read, those that are damaged, and records that are.

    What is damaged is put back by the next deploy of its view; a record is not.
    """

    checked: int = 0
    files: tuple[str, ...] = ()
    records: tuple[str, ...] = ()


def check_channel(root: Path, tell: Callable[[Path], None]) -> Iterator[tuple[str, bool]]:
    """Read all that clients of a channel get; yield each path below it that is damaged, and whether it is a record.

    `tell` is told of every file before it is read. A record cannot be put back by a deploy.
    """

    def digest(path: Path) -> str:
        tell(path)
        return digest_file(path)

    try:
        current = current_generation(root)
        names = sorted(current.indexes()) if current else []
        if current:
            current.record()
    except (RepositoryDamaged, OSError):
        yield ".publish/current", True
        return
    seen: set[str] = set()
    for name in names:
        for path in _damaged_index(root, name, digest):
            if path not in seen:
                yield path, path.endswith((_STATE, _HOLDINGS))
            seen.add(path)
        try:
            held = held_files(root, name)
        except RepositoryDamaged:
            continue  # told already: its own digest is part of the proof
        for file in sorted(held.values(), key=lambda each: each.path):
            if file.path not in seen and not is_whole(root / file.path, file.digest, digest):
                yield file.path, False
            seen.add(file.path)


def published_digests(repositories: Path) -> frozenset[str]:
    """All that clients of the channels below this directory get now.

    Raises:
        RepositoryDamaged: a record is damaged.

    """
    published: set[str] = set()
    for root in repositories.iterdir() if repositories.is_dir() else ():
        current = current_generation(root)
        for name in current.indexes() if current else ():
            published |= held_files(root, name).keys()
    return frozenset(published)


def held_files(root: Path, name: str) -> dict[str, Held]:
    """The published files of a view by the digests of their artifacts, nothing for a view that is not there.

    Raises:
        RepositoryDamaged: the list is damaged.

    """
    index = private(root) / "current" / name  # one path through the switch: a list is never mixed of two states
    if not index.is_symlink():
        return {}
    try:
        lines = [line.split(" ") for line in (index / _HOLDINGS).read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoryDamaged(index / _HOLDINGS) from error
    # A list of an earlier version has no digests of the published bytes; it has no proof either, and is written anew.
    return {words[0]: Held(path=words[1], digest=(words[2:] or [""])[0]) for words in lines if len(words) > 1}


def _damaged_index(root: Path, name: str, digest_of: Callable[[Path], str]) -> Iterator[str]:
    """The paths below the channel that are not what the view's proof says; the proof itself if it cannot be read."""
    inner = f".publish/current/{name}"
    proof = _read_proof(root / inner)
    if proof is None:
        yield f"{inner}/{_PROOF}"
        return
    for path, target in proof.links.items():
        link = root / path
        if not link.is_symlink() or os.readlink(link) != through_current(path, target):  # noqa: PTH115 - text is compared
            yield path
    if not is_whole(root / KEY_FILE, proof.key, digest_of):
        yield KEY_FILE
    for path, digest in proof.files.items():
        if not is_whole(root / inner / path, digest, digest_of):
            yield f"{inner}/{path}"


def _read_proof(index: Path) -> _Proof | None:
    try:
        value = json.loads((index / _PROOF).read_bytes())
        return _Proof(files=dict(value["files"]), links=dict(value["links"]), key=str(value["key"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
