"""Owns what a directory tree is to build-env: a sorted list of entries, and the digest over them.

An entry counts by name, kind, executable bit, link target and content; owners and times do not count, because a
room never sees them. Must not follow links and must not write.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from build_env.core.canonical import canonical_json, digest_bytes, digest_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

__all__ = ["ManifestEntry", "TreeEntry", "digest_tree", "read_manifest", "tree_manifest", "walk_tree"]

_IGNORED = frozenset({"__pycache__", ".git", ".mypy_cache", ".ruff_cache"})


@dataclass(frozen=True, kw_only=True)
class TreeEntry:
    """One entry: `name` relative to the tree, `kind` `directory`, `file` or `link`, `target` of a link.

    `path` is text, because trees of ten thousand files are walked at once.
    """

    name: str
    path: str
    kind: str
    executable: bool = False
    target: str = ""


class ManifestEntry(NamedTuple):
    """One entry of a manifest: `value` is the digest of a file, or the target of a link."""

    name: str
    kind: str
    executable: bool
    value: str


def read_manifest(manifest: bytes) -> list[ManifestEntry]:
    """The entries of a tree's manifest, parents first, siblings by name."""
    return [ManifestEntry(*entry) for entry in json.loads(manifest)]


def walk_tree(root: Path, leave_out: Collection[str] = ()) -> Iterator[TreeEntry]:
    """All entries below `root`, parents first, siblings by name; `leave_out` are names at the top.

    Sockets, devices and pipes are passed over: no package can mean them.
    """
    yield from _walk(root, "", frozenset(leave_out))


def _walk(directory: Path | str, prefix: str, leave_out: frozenset[str]) -> Iterator[TreeEntry]:
    with os.scandir(directory) as scan:
        entries = sorted(scan, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name in _IGNORED or entry.name in leave_out:
            continue
        name, path = prefix + entry.name, entry.path
        if entry.is_symlink():
            yield TreeEntry(name=name, path=path, kind="link", target=os.readlink(path))  # noqa: PTH115 - text
        elif entry.is_dir(follow_symlinks=False):
            yield TreeEntry(name=name, path=path, kind="directory")
            yield from _walk(path, f"{name}/", frozenset())
        elif entry.is_file(follow_symlinks=False):
            mode = entry.stat(follow_symlinks=False).st_mode
            yield TreeEntry(name=name, path=path, kind="file", executable=bool(mode & stat.S_IXUSR))


def digest_tree(root: Path, leave_out: Collection[str] = (), digest_of: Callable[[str], str] = digest_file) -> str:
    """Hex sha256 over all entries of the tree: that of its manifest; `digest_of` may remember the digests of files."""
    return digest_bytes(tree_manifest(root, leave_out, digest_of))


def tree_manifest(root: Path, leave_out: Collection[str] = (), digest_of: Callable[[str], str] = digest_file) -> bytes:
    """The tree as canonical JSON: a list of [name, kind, executable, digest of a file or target of a link]."""
    return canonical_json(
        [
            [
                entry.name,
                entry.kind,
                entry.executable,
                digest_of(entry.path) if entry.kind == "file" else entry.target,
            ]
            for entry in walk_tree(root, leave_out)
        ]
    ).encode()
