"""Owns the last look at inputs before their bytes are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady
from build_env.model.task import Place
from build_env.plan.keys import INSTALLED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.model.work import ResolvedInput
    from build_env.ports import Store

__all__ = ["refuse_damaged"]


def refuse_damaged(inputs: Iterable[ResolvedInput], store: Store) -> None:
    """The last look before bytes are used.

    Raises:
        EnvironmentNotReady: when an input was damaged since it was a hit.
    """
    for entry in inputs:
        for item in entry.artifacts:
            if entry.place is Place.LAYER and item.name != INSTALLED:
                continue  # only needed should the layer be lost
            fault = store.fault(item)
            if fault:
                raise EnvironmentNotReady(
                    f"{item.name}, which {entry.task} made, {fault}",
                    hint="run the same command again: it is made anew; if it happens again, look at the disk",
                )
