"""Owns how much of the machine a run may use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.machine import machine_memory
from build_env.core.sizes import parse_size
from build_env.schedule.resources import Capacity

if TYPE_CHECKING:
    from build_env.app.containers import Containers
    from build_env.model.options import BuildOptions
    from build_env.settings import Settings

__all__ = ["capacity_of"]


def capacity_of(options: BuildOptions, settings: Settings, containers: Containers | None) -> Capacity:
    """The slots of `--jobs`; memory as the command line or the settings say, or all that the rooms' machine has."""
    said = options.memory_bytes or parse_size(settings.memory)
    return Capacity(
        slots=options.jobs,
        memory=said or (containers.connection.facts.memory if containers else 0) or machine_memory(),
    )
