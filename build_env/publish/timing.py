"""Owns the dates of a repository: each publish is later than the one before, and none lies in the future.

Clients ignore an older date silently and refuse a future one; they see whole seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady

if TYPE_CHECKING:
    from build_env.publish.model import Clock

__all__ = ["next_epoch"]

_LONGEST_WAIT = 10


def next_epoch(last: int, clock: Clock) -> int:
    """Return the current second, waiting until it is after `last`.

    Raises:
        EnvironmentNotReady: the clock is far behind.

    """
    missing = last + 1 - clock.now().timestamp()
    if missing > _LONGEST_WAIT:
        raise EnvironmentNotReady(
            f"the clock of this machine is {int(missing)} s behind the last publish",
            hint="set the clock; a repository cannot go back in time, its clients would ignore the publish",
        )
    while missing > 0:
        clock.sleep(missing)
        missing = last + 1 - clock.now().timestamp()
    return int(clock.now().timestamp())
