"""Owns why an engine's socket does not let this user in, and the way in. Asks the machine's users, not the engine."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
from pathlib import Path

from build_env.core.errors import EnvironmentNotReady

__all__ = ["EngineDenied", "denied"]


class EngineDenied(EnvironmentNotReady):
    """The engine runs, and this user may not talk to it; the hint is the way in."""


def denied(address: str) -> EngineDenied:
    """The error for the engine at `address`."""
    return EngineDenied(f"the engine at {address} does not let this user in", hint=_way_in(address))


def _way_in(address: str) -> str:
    """Membership of the group that owns the socket; it counts from the next login on, which is easily forgotten."""
    with contextlib.suppress(OSError, KeyError):
        group = grp.getgrgid(Path(address.removeprefix("unix://")).stat().st_gid)
        if group.gr_gid == 0:
            return "its socket is root's alone: run the same command as root"
        user = pwd.getpwuid(os.geteuid()).pw_name
        if user in group.gr_mem:
            return f"{user} is in group {group.gr_name} from the next login on: log in again, or newgrp {group.gr_name}"
        return f"sudo usermod -aG {group.gr_name} {user}, then log in again"
    return 'sudo usermod -aG docker "$USER", then log in again'
