"""Owns tasks that make layers: what a task installs on its image, made once for all that install the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.model.task import Place
from build_env.plan.keys import INDEX_FACTS
from build_env.work.inputs import is_dependency_set, refuse_damaged, refuse_undeclared, view
from build_env.work.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.model.artifact import Artifact
    from build_env.model.task import Task
    from build_env.model.work import ResolvedInput, Work
    from build_env.ports import Store
    from build_env.work.kind import Done, Hands

__all__ = ["Layer"]


class Layer(Kind):
    """Listed before the build it is for; kept by gc as an image is."""

    name = "layer"
    rank = 3.0
    usual_seconds = 20.0
    anew_by = frozenset({"recreate"})
    lasts = False

    def inputs(self, task: Task, inputs: tuple[ResolvedInput, ...], store: Store) -> tuple[ResolvedInput, ...]:
        """See `Kind.inputs`: only what can be installed, so that nothing else of a source is in the key."""
        refuse_damaged(inputs, store)  # what can be installed is read from the files themselves
        refuse_undeclared(task, inputs, store)
        installed = set(view(task, inputs, store))

        def installable(place: Place, item: Artifact) -> bool:
            if place is Place.SOURCE:
                return is_dependency_set(item.name)
            return place is not Place.PACKAGES or item in installed

        return tuple(
            entry._replace(artifacts=tuple(item for item in entry.artifacts if installable(entry.place, item)))
            for entry in inputs
        )

    def counts(self, place: Place, name: str) -> bool:
        """See `Kind.counts`: what says what is installed, and the index of an image from which it is."""
        if place is Place.SOURCE:
            return is_dependency_set(name)
        return super().counts(place, name) or (place is Place.IMAGE and name == INDEX_FACTS)

    def do(self, work: Work, hands: Hands, write: Callable[[str], None], *, anew: bool) -> Done:
        """See `Kind.do`."""
        return hands.rooms.layer(work, write, anew=anew)
