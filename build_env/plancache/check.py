"""Owns what compares a memory with what is there, what planning read and what its results came to, and writes it.

A `stat` that differs is never an answer: the content is looked at, and what is the same counts as the same, and is
noted so that it is looked at once.
"""

from __future__ import annotations

import contextlib
import os
import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.canonical import digest_bytes
from build_env.core.errors import BuildEnvError
from build_env.core.reading import all_variables, link_target, look_at, meaning_of
from build_env.plancache.memory import Memory, load_memory, rows_digest
from build_env.plancache.watch import watch
from build_env.store.blob import save_blob

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from build_env.core.reading import Reads, ReadTree
    from build_env.core.trees import Listing, Trees
    from build_env.model.artifact import Isolation, StoredResult
    from build_env.store.digests import FileDigests
    from build_env.store.results import LocalStore

__all__ = ["Check"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """Compares a memory with what is there now. `images_now` asks the engine; None where it does not answer."""

    file: Path
    trees: Trees
    store: LocalStore
    digests: FileDigests
    isolation: Isolation
    images_now: Callable[[Iterable[str]], Mapping[str, str] | None]

    def finished(self) -> Memory | None:
        """The memory, if everything is as it says: then there is nothing to do."""
        memory = load_memory(self.file)
        if memory is None:
            return None
        with contextlib.suppress(OSError):  # gone meanwhile, or a disk that is only read
            os.utime(self.file)  # gc lets go what is not used for long
        if memory.images and self.images_now(memory.images) != memory.images:
            return None
        as_read = self._as_read(memory)
        renewed = as_read and self._as_made(as_read)
        if renewed is not None and renewed is not memory:
            save_blob(self.file, renewed)
            self.digests.save()
        return renewed

    def remember(  # noqa: PLR0913 - the parts of one record
        self,
        reads: Reads,
        results: Collection[StoredResult],
        *,
        tasks: int,
        notes: tuple[str, ...],
        began: int,
        images: Mapping[str, str],
        evidence: Sequence[str],
    ) -> None:
        """Write what `finished` will ask, after a command that did all of its plan.

        `results` are those of all `tasks` and of what was read in rooms; `began` is the time in ns before planning read
        anything: what was changed at about that time or later is looked at again by its content.
        """
        keys = tuple(dict.fromkeys(stored.key for stored in results))
        objects = dict.fromkeys(str(self.store.path(artifact)) for stored in results for artifact in stored.artifacts)
        members, starts = _members(self.trees, reads.trees)
        memory = Memory(
            tasks=tasks,
            notes=notes,
            reads=reads,
            paths=watch([path for path, _ in reads.meanings], began, follow=True),
            members=watch(members, began),
            starts=starts,
            objects=watch(list(objects), began),
            # Written by this command itself, after it began: measured by that, none of it would ever be settled.
            evidence=watch(evidence, time.time_ns()),
            keys=keys,
            rows=rows_digest(self.store.outcomes(keys, self.isolation)),
            images=images,
        )
        save_blob(self.file, memory)
        self.digests.save()

    def _as_read(self, memory: Memory) -> Memory | None:
        """The memory with what `stat` says now, if planning would read the same again."""
        began = time.time_ns()  # before anything is looked at: a change meanwhile is looked at by the next command
        if not _is_asked_the_same(memory.reads):
            return None
        changed, moved = memory.paths.changed(), memory.members.changed()
        if not self._means_the_same(memory, changed) or not self._trees_are_the_same(memory, moved):
            return None
        if not changed and not moved:
            return memory
        # The same digests mean the same names: only what `stat` says of them is new.
        return replace(memory, paths=memory.paths.renewed(changed, began), members=memory.members.renewed(moved, began))

    def _as_made(self, memory: Memory) -> Memory | None:
        """The same, if every result is there still: its row, its objects, and the evidence of what was deployed."""
        if memory.evidence.changed() or rows_digest(self.store.outcomes(memory.keys, self.isolation)) != memory.rows:
            return None
        began = time.time_ns()
        names, changed = memory.objects.paths, memory.objects.changed()
        if not all(self._is_whole(names[place]) for place in changed):
            return None
        return replace(memory, objects=memory.objects.renewed(changed, began)) if changed else memory

    def _means_the_same(self, memory: Memory, changed: Sequence[int]) -> bool:
        meanings = list(memory.reads.meanings.items()) if changed else []
        return all(
            meaning_of(path, what, self.digests.digest) == meaning
            for (path, what), meaning in (meanings[place] for place in changed)
        )

    def _trees_are_the_same(self, memory: Memory, moved: Sequence[int]) -> bool:
        """Only those trees are read that have a member in `moved`."""
        trees = (memory.reads.trees[number] for number in {bisect_right(memory.starts, place) - 1 for place in moved})
        return all(self._is_the_same(tree) for tree in trees)

    def _is_the_same(self, tree: ReadTree) -> bool:
        listing = _listing(self.trees, tree)
        digest = digest_bytes(listing.manifest(self.digests.digest)) if listing else ""
        return digest == tree.digest and (not listing or tuple(listing.left_out) == tree.left_out)

    def _is_whole(self, name: str) -> bool:
        """Whether an object has the content that its name says."""
        return Path(name).is_file() and self.digests.digest(name) == name.rpartition("/")[2]


def _is_asked_the_same(reads: Reads) -> bool:
    """Whether the questions that cost one call each have the answers they had."""
    if reads.directory and reads.directory != os.getcwd():  # noqa: PTH109 - text, as it was recorded
        return False
    if reads.environment and reads.environment != all_variables():
        return False
    return (
        all(os.environ.get(name) == value for name, value in reads.variables.items())
        and all(look_at(path, how) == answer for (path, how), answer in reads.looks.items())
        and all(link_target(path) == target for path, target in reads.links.items())
        and all(os.path.realpath(path) == end for path, end in reads.leads.items())
    )


def _members(project: Trees, trees: Iterable[ReadTree]) -> tuple[list[str], tuple[int, ...]]:
    """All paths of all trees, and where each tree begins; its top may be a link, which the slash follows."""
    names: list[str] = []
    starts = []
    for tree in trees:
        starts.append(len(names))
        names.append(f"{tree.path}/")
        if listing := _listing(project, tree):
            names += [entry.path for entry in listing.entries]
            names += listing.watched
    return names, tuple(starts)


def _listing(project: Trees, tree: ReadTree) -> Listing | None:
    """The tree as it is now; None where it cannot be used."""
    directory = Path(tree.path)
    try:
        return project.listing(directory, tree.leave_out) if directory.is_dir() else None
    except BuildEnvError:
        return None
