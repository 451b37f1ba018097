"""Owns the name of the channel, and the dates of a publish. Reads no file.

Each publish is later than the one before, and none lies in the future: clients ignore an older date silently and
refuse a future one. They see whole seconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from build_env.core.errors import EnvironmentNotReady

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CHANNEL", "Clock"]

_LONGEST_WAIT = 10  # seconds
CHANNEL = "main"  # the directory below build/repositories/; there is one channel for now


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time as a publish sees it; it is read only while the lock of the channel is held."""

    now: Callable[[], datetime] = _utc_now
    sleep: Callable[[float], None] = time.sleep

    def second_after(self, last: int) -> int:
        """The current second, waited for until it is after `last`.

        Raises:
            EnvironmentNotReady: the clock is far behind.

        """
        missing = last + 1 - self.now().timestamp()
        if missing > _LONGEST_WAIT:
            raise EnvironmentNotReady(
                f"the clock of this machine is {int(missing)} s behind the last publish",
                hint="set the clock; a repository cannot go back in time, its clients would ignore the publish",
            )
        while missing > 0:
            self.sleep(missing)
            missing = last + 1 - self.now().timestamp()
        return int(self.now().timestamp())
