"""Owns which recorded results and objects are still of use, from values only. Pure.

A result is kept when it was asked to be (its age, its key, what is published), when it is the last one of a task
that the project still has, or when a kept result was made on it as its layer. Objects are kept with results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from build_env.model.task import Stage
from build_env.plan.keys import INSTALLED, TREE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from build_env.model.artifact import StoredResult

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


@dataclass(frozen=True, kw_only=True)
class Roots:
    """What is to be kept: results not older than `since`, of these `keys`, with an artifact of these digests.

    `living` says of a task's id whether the project still has such a task.
    """

    since: float
    living: Callable[[str], bool]
    keys: Collection[str] = frozenset()
    published: Collection[str] = frozenset()


def reachable(records: Collection[Record], roots: Roots) -> frozenset[tuple[str, int]]:
    """The rows of the results to keep."""
    last: dict[tuple[str, int], Record] = {}
    for record in records:
        own = (record.result.task, int(record.result.isolation))
        if own not in last or record.finished > last[own].finished:
            last[own] = record
    kept = [
        record
        for record in records
        if record.finished >= roots.since
        or record.result.key in roots.keys
        or any(artifact.digest in roots.published for artifact in record.result.artifacts)
        or (
            last[record.result.task, int(record.result.isolation)] is record
            and not _is_layer(record)
            and roots.living(record.result.task)
        )
    ]
    layers = {layer_of(record.result) for record in kept}
    below = (record for record in records if record.result.key in layers)
    return frozenset(record.row for record in (*kept, *below))


def needed_objects(results: Iterable[StoredResult]) -> frozenset[str]:
    """The digests of their artifacts, and of the manifests and package lists by which `why` explains them."""
    return frozenset(digest for result in results for digest in _mentioned(result) if digest)


def layer_of(result: StoredResult) -> str:
    """The key of the layer that it is, or whose room it was made in; empty without one."""
    return result.facts.get("layer", "")


def _mentioned(result: StoredResult) -> Iterable[str]:
    yield from (artifact.digest for artifact in result.artifacts)
    yield from (value for name, value in result.inputs.items() if name.startswith(TREE) or name.endswith(INSTALLED))
    yield result.facts.get("installed", "")


def _is_layer(record: Record) -> bool:
    """Layers have no name but their key: they live as long as what was made on them."""
    return f":{Stage.LAYER.value}:" in record.result.task and layer_of(record.result) == record.result.key
