"""Owns the memory of a command: its plan, everything the plan was read from, and the results that made it complete.

Two files below `build/remembered/`. The check is small: paths with their `stat`, keys, digests; a run with nothing to
do needs no more. The plan itself is read when only trees have changed: then their digests are put into it, and
nothing is asked of hooks. Whatever else has changed makes the memory void, and the plan is made anew. A `stat` that
differs is never an answer: the content is looked at, and what is the same counts as the same.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sys
import time
from bisect import bisect_right
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from build_env import __version__
from build_env.app.known import Known, known_of
from build_env.core.canonical import digest_bytes, digest_data
from build_env.core.trees import digest_tree, walk_tree
from build_env.store.blob import load_blob, save_blob
from build_env.store.watch import Watched, kind_of, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from build_env.app.planned import Planned
    from build_env.model.artifact import Isolation, StoredResult
    from build_env.model.identity import TaskName
    from build_env.store.digests import FileDigests
    from build_env.store.results import LocalStore, Outcome

__all__ = ["CONTENT", "KIND", "MEMORIES", "NAMES", "Check", "Memory", "ReadTree", "Reads", "memory_name"]

MEMORIES = "remembered"  # the directory below build/
# What of a path planning depends on: its content, only what kind of thing it is, or the names in the directory.
CONTENT, KIND, NAMES = "content", "kind", "names"
_FORMAT = 3
_OWN = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class ReadTree:
    """A tree that enters keys with its digest. `fixed`: the plan itself depends on it, not only keys."""

    path: str
    leave_out: tuple[str, ...]
    digest: str
    fixed: bool = False


@dataclass(frozen=True, kw_only=True)
class Reads:
    """Paths with what was read of them, and the trees."""

    paths: tuple[tuple[str, str], ...]
    trees: tuple[ReadTree, ...]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What has to be the same. `meanings` belong to `paths`; each tree owns a slice of `members`."""

    tasks: int
    notes: tuple[str, ...]
    paths: Watched
    meanings: tuple[tuple[str, str], ...]
    trees: tuple[ReadTree, ...]
    starts: tuple[int, ...]
    members: Watched
    objects: Watched
    evidence: Watched
    keys: tuple[str, ...]
    rows: str
    images: Mapping[str, str]


@dataclass
class Memory:
    """The memory of one command in `directory` under `name`. `writes` is false for commands that take no lock."""

    directory: Path
    name: str
    root: Path
    store: LocalStore
    digests: FileDigests
    isolation: Isolation
    images_now: Callable[[Iterable[str]], Mapping[str, str] | None]
    writes: bool = True

    def recall(self) -> tuple[Check, bool] | None:
        """The check if the plan holds, and whether its trees are the same, too; None where planning is needed.

        Trees that are not the same have the digests of now.
        """
        began = time.time_ns()
        check = load_blob(self._file("check"))
        if not isinstance(check, Check):
            return None
        if self.writes:
            with contextlib.suppress(OSError):  # gone meanwhile, or a disk that is only read
                os.utime(self._file("check"))  # gc lets go what is not used for long
        if check.images and self.images_now(check.images) != check.images:
            return None
        changed = check.paths.changed()
        if not self._same_meaning(check, changed):
            return None
        moved = check.members.changed()
        trees = self._trees_now(check, moved) if moved else check.trees
        if any(old.fixed and old != new for old, new in zip(check.trees, trees, strict=True)):
            return None
        if (changed or moved) and trees == check.trees and self.writes:
            # The same digests mean the same names: only what `stat` says of them is new.
            paths, members = check.paths.renewed(changed, began), check.members.renewed(moved, began)
            check = replace(check, paths=paths, members=members)
            save_blob(self._file("check"), check)
            self.digests.save()
        return replace(check, trees=trees), trees == check.trees

    def complete(self, check: Check) -> bool:
        """Whether every result is there still: its row, its objects, and the evidence of what was deployed."""
        return not check.evidence.changed() and self.intact(check, self.outcomes(check))

    def outcomes(self, check: Check) -> Mapping[str, Outcome]:
        """The results by key, as the store has them now."""
        return self.store.outcomes(check.keys, self.isolation)

    def intact(self, check: Check, outcomes: Mapping[str, Outcome]) -> bool:
        """Whether all results as the store has them, and their objects, are what they were."""
        if _rows_digest(outcomes) != check.rows:
            return False
        began = time.time_ns()
        names, changed = check.objects.paths, check.objects.changed()
        if not all(self._intact(names[place]) for place in changed):
            return False
        if changed and self.writes:
            save_blob(self._file("check"), replace(check, objects=check.objects.renewed(changed, began)))
            self.digests.save()
        return True

    def known(self) -> Known | None:
        """The plan as it was kept."""
        found = load_blob(self._file("plan"))
        return found if isinstance(found, Known) else None

    def remember(  # noqa: PLR0913 - the parts of one record
        self,
        reads: Reads,
        planned: Planned,
        hits: Mapping[TaskName, StoredResult],
        *,
        began: int,
        images: Mapping[str, str],
        evidence: Sequence[str],
        scanned: tuple[StoredResult, ...] = (),
    ) -> None:
        """Write both files; `began` is the time before planning read anything.

        Nothing is written when something that planning read was changed at about that time or later.
        """
        paths = watch([path for path, _ in reads.paths], began, follow=True)
        if not paths.settled:
            # Planning may have read it before or after it changed.
            return
        keys = tuple(dict.fromkeys(stored.key for stored in (*scanned, *hits.values())))
        outcomes = self.store.outcomes(keys, self.isolation)
        members, starts = self._members(reads.trees)
        files = dict.fromkeys(
            str(self.store.path(artifact)) for stored in (*scanned, *hits.values()) for artifact in stored.artifacts
        )
        check = Check(
            tasks=len(planned.plan),
            notes=planned.notes,
            paths=paths,
            meanings=tuple((kind, self._meaning(path, kind)) for path, kind in reads.paths),
            trees=reads.trees,
            starts=starts,
            members=watch(members, began),
            objects=watch(list(files), began),
            evidence=watch(evidence, time.time_ns()),
            keys=keys,
            rows=_rows_digest(outcomes),
            images=images,
        )
        results = {
            task: (stored.key, outcomes[stored.key][2]) for task, stored in hits.items() if stored.key in outcomes
        }
        try:
            save_blob(self._file("plan"), known_of(planned, results, scanned))
        except pickle.PicklingError:
            return  # the module of an action from outside is forgotten by now
        save_blob(self._file("check"), check)
        self.digests.save()

    def _file(self, kind: str) -> Path:
        return self.directory / f"{self.name}.{kind}"

    def _same_meaning(self, check: Check, places: Sequence[int]) -> bool:
        paths = check.paths.paths if places else []
        return all(
            self._meaning(paths[place], check.meanings[place][0]) == check.meanings[place][1] for place in places
        )

    def _meaning(self, path: str, kind: str) -> str:
        """What planning saw of the path, in one word."""
        found = kind_of(path)
        if kind == CONTENT and found == "file":
            return self.digests.digest(path)
        if kind == NAMES and found == "directory":
            with os.scandir(path) as scan:
                return digest_data(sorted((entry.name, entry.is_dir(), entry.is_file()) for entry in scan))
        return found

    def _trees_now(self, check: Check, moved: Sequence[int]) -> tuple[ReadTree, ...]:
        """The trees with the digests of now; only those are read that have a member in `moved`."""
        trees = list(check.trees)
        for number in {bisect_right(check.starts, place) - 1 for place in moved}:
            trees[number] = replace(trees[number], digest=self._digest(trees[number]))
        return tuple(trees)

    def _digest(self, tree: ReadTree) -> str:
        directory = self.root / tree.path
        return digest_tree(directory, tree.leave_out, self.digests.digest) if directory.is_dir() else ""

    def _members(self, trees: Iterable[ReadTree]) -> tuple[list[str], tuple[int, ...]]:
        """All paths of all trees, and where each tree begins; its top may be a link, which the slash follows."""
        names: list[str] = []
        starts = []
        for tree in trees:
            starts.append(len(names))
            names.append(f"{self.root / tree.path}/")
            names += [str(entry.path) for entry in walk_tree(self.root / tree.path, tree.leave_out)]
        return names, tuple(starts)

    def _intact(self, name: str) -> bool:
        """Whether an object has the content that its name says."""
        return Path(name).is_file() and self.digests.digest(name) == name.rpartition("/")[2]


def memory_name(**facts: object) -> str:
    """The name of a command's memory: all that decides its plan besides files, and which build-env and Python it is."""
    return digest_data({"format": _FORMAT, "program": _program(), "python": sys.version, **facts})[:32]


def _program() -> list[object]:
    """This build-env: a checkout changes without its version changing."""
    found = []
    for directory, _, names in os.walk(_OWN):
        for name in names:
            if name.endswith(".py"):
                facts = os.lstat(f"{directory}/{name}")
                found.append([f"{directory}/{name}", facts.st_size, facts.st_mtime_ns])
    return [__version__, sorted(found)]


def _rows_digest(outcomes: Mapping[str, Outcome]) -> str:
    return digest_bytes("\n".join(" ".join(map(str, row)) for _, row in sorted(outcomes.items())).encode())
