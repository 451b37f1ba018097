"""Owns what an attempt needs besides its work: whole inputs before, and how it stands after an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import BuildEnvError, EnvironmentNotReady, Interrupted
from build_env.model.attempt import AttemptState
from build_env.model.task import Place
from build_env.plan.keys import INSTALLED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.model.work import ResolvedInput
    from build_env.ports import Store

__all__ = ["refuse_damaged", "state_after"]


def refuse_damaged(inputs: Iterable[ResolvedInput], store: Store) -> None:
    """The last look before bytes are used. Raises EnvironmentNotReady when an input was damaged since it was a hit."""
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


def state_after(error: BaseException) -> AttemptState:
    """How an attempt stands that ended with `error`: failed is only what the work itself is to blame for."""
    if isinstance(error, Interrupted | KeyboardInterrupt | SystemExit):
        return AttemptState.INTERRUPTED
    if isinstance(error, BuildEnvError) and not isinstance(error, EnvironmentNotReady):
        return AttemptState.FAILED
    return AttemptState.INFRASTRUCTURE
