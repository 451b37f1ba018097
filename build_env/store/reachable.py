"""Owns which recorded results and objects are still of use, from values only. Pure.

A result is kept when it was asked to be (its age, its key, what is published), or when it is the last one of a task
that the project still has. Images and layers have no names that last: their results are kept as long as a kept result
was made in them. Objects are kept with results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.plan.keys import IMAGE_FACTS, INSTALLED, TREE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from build_env.model.artifact import StoredResult
    from build_env.model.identity import TaskName

__all__ = ["Record", "Roots", "layer_of", "needed_objects", "reachable"]


@dataclass(frozen=True, kw_only=True)
class Record:
    """A result as it is recorded; `finished` counts seconds since the epoch."""

    result: StoredResult
    finished: float

    @property
    def row(self) -> tuple[str, int]:
        """What names its row."""
        return self.result.key, int(self.result.isolation)

    @property
    def line(self) -> tuple[TaskName, int]:
        """Whose last result it may be: of its task, at its rank."""
        return self.result.task, int(self.result.isolation)


@dataclass(frozen=True, kw_only=True)
class Roots:
    """What is to be kept: results not older than `since`, of these `keys`, with an artifact of these digests.

    `living` says whether the project still has such a task, of a kind whose last result is kept for that.
    """

    since: float
    living: Callable[[TaskName], bool]
    keys: Collection[str] = frozenset()
    published: Collection[str] = frozenset()


def reachable(records: Sequence[Record], roots: Roots) -> frozenset[tuple[str, int]]:
    """The rows of the results to keep."""
    last: dict[tuple[TaskName, int], Record] = {}
    for record in records:
        if record.line not in last or record.finished > last[record.line].finished:
            last[record.line] = record
    kept = {
        record.row: record
        for record in records
        if _is_root(record, roots) or (last[record.line] is record and roots.living(record.result.task))
    }
    layers = {layer_of(record.result) for record in kept.values()}
    kept |= {record.row: record for record in records if record.result.key in layers}
    images = {
        value
        for record in kept.values()
        for name, value in record.result.inputs.items()
        if name.endswith(f" {IMAGE_FACTS}")
    }
    images_used = {record.row for record in records if any(item.digest in images for item in record.result.artifacts)}
    return frozenset(kept.keys() | images_used)


def needed_objects(results: Iterable[StoredResult]) -> frozenset[str]:
    """The digests of their artifacts, and of the manifests and package lists by which `why` explains them."""
    return frozenset(digest for result in results for digest in _mentioned(result) if digest)


def layer_of(result: StoredResult) -> str:
    """The key of the layer that it is, or whose room it was made in; empty without one."""
    return result.facts.get("layer", "")


def _is_root(record: Record, roots: Roots) -> bool:
    return (
        record.finished >= roots.since
        or record.result.key in roots.keys
        or any(artifact.digest in roots.published for artifact in record.result.artifacts)
    )


def _mentioned(result: StoredResult) -> Iterable[str]:
    yield from (artifact.digest for artifact in result.artifacts)
    yield from (value for name, value in result.inputs.items() if name.startswith(TREE) or name.endswith(INSTALLED))
    yield result.facts.get("installed", "")
