"""Owns the source trees of a task as objects of the store: taken when the task starts, by content.

A room is filled from the snapshot. Whatever happens to the checkout afterwards, the room holds what the plan named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.canonical import digest_bytes
from build_env.core.errors import TaskError
from build_env.core.trees import read_manifest, tree_manifest
from build_env.model.artifact import Artifact
from build_env.model.room import RoomEntry

if TYPE_CHECKING:
    from pathlib import Path

    from build_env.model.action import Tree
    from build_env.ports import Store

__all__ = ["LocalTrees", "snapshot"]


def snapshot(root: Path, tree: Tree, store: Store) -> RoomEntry:
    """The tree as an entry of a room; all of it is in `store` then, whole.

    What an earlier task has put there is not read again.

    Raises:
        TaskError: when the tree in the checkout is not the one that the plan was made from.
    """
    if not _is_there(tree.digest, store):
        directory = root / tree.path
        manifest = tree_manifest(directory, tree.leave_out)
        kept = store.put("tree", manifest, durable=False)
        wrong = kept.digest != tree.digest or any(
            # The content may change between the two reads: then the digest is another one.
            store.put(entry.name, (directory / entry.name).read_bytes(), durable=False).digest != entry.value
            for entry in read_manifest(manifest)
            if entry.kind == "file"
        )
        if wrong:
            raise TaskError(f"{tree.path} changed since the run was planned", hint="run the same command again")
    return RoomEntry(digest=tree.digest, destination=tree.destination, tree=True)


def _is_there(digest: str, store: Store) -> bool:
    """Whether the manifest and every file that it names are in the store and whole."""
    manifest = store.path(Artifact(name="tree", digest=digest, size=0))
    if not manifest.is_file() or store.damaged(digest):
        return False
    entries = read_manifest(manifest.read_bytes())
    return not any(store.damaged(entry.value) for entry in entries if entry.kind == "file")


class LocalTrees:
    """Trees of this host as entries of rooms without any store, for rooms that make no results."""

    def __init__(self, scratch: Path) -> None:
        """Write manifests below `scratch`, which is there as long as rooms are filled."""
        self._scratch = scratch
        self._paths: dict[str, Path] = {}

    def entry(self, directory: Path, destination: str, leave_out: tuple[str, ...] = ()) -> RoomEntry:
        """The tree as an entry."""
        manifest = tree_manifest(directory, leave_out)
        digest = digest_bytes(manifest)
        self._paths[digest] = self._scratch / digest
        self._paths[digest].write_bytes(manifest)
        files = (entry for entry in read_manifest(manifest) if entry.kind == "file")
        self._paths |= {entry.value: directory / entry.name for entry in files}
        return RoomEntry(digest=digest, destination=destination, tree=True)

    def path(self, digest: str) -> Path:
        """Where the object with that digest lies."""
        return self._paths[digest]
