"""Owns a task that is ready to run, as data: its key, and what its inputs came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.model.artifact import Artifact
    from build_env.model.identity import TaskName
    from build_env.model.task import Place, Task

__all__ = ["ResolvedInput", "Work"]


class ResolvedInput(NamedTuple):
    """What an input of a task came to: its artifacts and the facts of its result. A tuple: a plan has many edges."""

    task: TaskName
    place: Place
    artifacts: tuple[Artifact, ...]
    facts: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Work:
    """A task ready to run: its final key and its inputs, by digest only; `covered` is all that the key covers."""

    task: Task
    key: str
    inputs: tuple[ResolvedInput, ...]
    covered: Mapping[str, str] = field(default_factory=dict)
