"""Owns what the rooms of a run may use and which proxies they get: from settings, options and the environment. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.sizes import parse_size
from build_env.model.room import RoomLimits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from build_env.settings import Settings

__all__ = ["proxy_variables", "room_limits"]

_PROXIES = ("http", "https", "ftp", "all", "no")


def room_limits(settings: Settings, *, together: int | None, machine: int) -> RoomLimits:
    """The limits of each room: `together` is what `--memory` gives all of them, `machine` the engine's, in bytes.

    One room may use what all may, and never the whole machine unless somebody says so.
    """
    memory = parse_size(settings.room_memory) or together or parse_size(settings.memory) or machine * 9 // 10
    return RoomLimits(
        processes=settings.room_processes,
        memory=memory,
        files=settings.room_files,
        shared_memory=parse_size(settings.room_shared_memory) or 0,
        log=parse_size(settings.room_log) or 0,
    )


def proxy_variables(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that programs look for, in both spellings: of the settings, else of the environment.

    They are in no key: where a file was fetched from does not change it.
    """
    found: dict[str, str] = {}
    for name in _PROXIES:
        small = f"{name}_proxy"
        value = settings.proxies.get(name) or environ.get(small) or environ.get(small.upper())
        if value:
            found |= {small: value, small.upper(): value}
    return found
