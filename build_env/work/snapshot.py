"""Owns the source trees of a task as objects of the store: taken when the task starts, by content.

A room is filled from the snapshot. Whatever happens to the checkout afterwards, the room holds what the plan named.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_bytes
from build_env.core.errors import TaskError
from build_env.core.trees import read_manifest
from build_env.model.artifact import Artifact
from build_env.model.room import RoomEntry

if TYPE_CHECKING:
    from build_env.core.trees import Trees
    from build_env.model.action import File, Tree
    from build_env.ports import Store

__all__ = ["LocalTrees", "snapshot", "snapshot_file"]


def snapshot(trees: Trees, tree: Tree, store: Store) -> RoomEntry:
    """The tree as an entry of a room; all of it is in `store` then, whole.

    What an earlier task has put there is not read again.

    Raises:
        TaskError: when the tree in the checkout is not the one that the plan was made from.
    """
    # What lies there now may not have been there when git was asked.
    if not (_is_there(tree.digest, store) or _put(trees, tree, store) or _put(trees.renewed(), tree, store)):
        raise TaskError(f"{tree.path} changed since the run was planned", hint="run the same command again")
    return RoomEntry(digest=tree.digest, destination=tree.destination, tree=True)


def snapshot_file(trees: Trees, file: File, store: Store) -> RoomEntry:
    """The file as an entry of a room; it is in `store` then.

    Raises:
        TaskError: when the file is not the one that the plan was made from.
    """
    if store.damaged(file.digest):
        try:
            digest = store.put_file(file.path, trees.root / file.path).digest
        except OSError:
            digest = ""
        if digest != file.digest:
            raise TaskError(f"{file.path} changed since the run was planned", hint="run the same command again")
    return RoomEntry(digest=file.digest, destination=file.destination)


def _put(trees: Trees, tree: Tree, store: Store) -> bool:
    """Put the tree into the store as it is in the checkout; whether it is the one that the plan was made from."""
    listing = trees.listing(trees.root / tree.path, tree.leave_out)
    manifest = listing.manifest()
    return store.put("tree", manifest, durable=False).digest == tree.digest and all(
        # The content may change between the two reads: then the digest is another one.
        store.put_file(entry.name, Path(entry.path)).digest == kept.value
        for entry, kept in zip(listing.entries, read_manifest(manifest), strict=True)
        if entry.kind == "file"
    )


def _is_there(digest: str, store: Store) -> bool:
    """Whether the manifest and every file that it names are in the store and whole."""
    manifest = store.path(Artifact(name="tree", digest=digest, size=0))
    if not manifest.is_file() or store.damaged(digest):
        return False
    entries = read_manifest(manifest.read_bytes())
    return not any(store.damaged(entry.value) for entry in entries if entry.kind == "file")


class LocalTrees:
    """Trees of this host as entries of rooms without any store, for rooms that make no results."""

    def __init__(self, trees: Trees, scratch: Path) -> None:
        """Write manifests below `scratch`, which is there as long as rooms are filled."""
        self._trees = trees
        self._scratch = scratch
        self._paths: dict[str, Path] = {}

    def entry(self, directory: Path, destination: str, leave_out: tuple[str, ...] = ()) -> RoomEntry:
        """The tree as an entry."""
        listing = self._trees.listing(directory, leave_out)
        manifest = listing.manifest()
        digest = digest_bytes(manifest)
        self._paths[digest] = self._scratch / digest
        self._paths[digest].write_bytes(manifest)
        pairs = zip(listing.entries, read_manifest(manifest), strict=True)
        self._paths |= {kept.value: Path(entry.path) for entry, kept in pairs if entry.kind == "file"}
        return RoomEntry(digest=digest, destination=destination, tree=True)

    def path(self, digest: str) -> Path:
        """Where the object with that digest lies."""
        return self._paths[digest]

    def __contains__(self, digest: str) -> bool:
        """Whether an entry needs the object with that digest."""
        return digest in self._paths
