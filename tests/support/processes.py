"""Owns what tests want to know of processes that they did not start themselves."""

from __future__ import annotations

import os
import select

__all__ = ["ends"]

_PATIENCE = 10  # seconds


def ends(number: int) -> bool:
    """Whether the process has ended or does so soon: a kill takes a moment to arrive."""
    try:
        process = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], _PATIENCE)[0])
    finally:
        os.close(process)
