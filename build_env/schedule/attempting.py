"""Owns how an attempt stands after an error."""

from __future__ import annotations

from build_env.core.errors import BuildEnvError, EnvironmentNotReady, Interrupted
from build_env.model.attempt import AttemptState

__all__ = ["state_after"]


def state_after(error: BaseException) -> AttemptState:
    """How an attempt stands that ended with `error`: failed is only what the work itself is to blame for."""
    if isinstance(error, Interrupted | KeyboardInterrupt | SystemExit):
        return AttemptState.INTERRUPTED
    if isinstance(error, BuildEnvError) and not isinstance(error, EnvironmentNotReady):
        return AttemptState.FAILED
    return AttemptState.INFRASTRUCTURE
