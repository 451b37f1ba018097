"""Questions to a target's tools: what becomes of what scripts say."""

from __future__ import annotations

import pytest

from build_env.core.errors import BuildEnvError, EnvironmentNotReady, UsageError
from build_env.inspect import asking


@pytest.mark.parametrize(
    ("status", "lines", "kind", "message", "hint"),
    [
        (1, ["noise", "error: no such thing", "       look there", "       or there", "end"], UsageError,
         "no such thing", "look there; or there"),
        (75, ["error: the server is away"], EnvironmentNotReady, "the server is away", ""),
        (127, ["a", "b", "c"], UsageError, "a tool of the target ended with status 127: b; c", ""),
    ],
)  # fmt: skip
def test_what_a_script_refuses_is_an_error_with_what_to_do(
    status: int, lines: list[str], kind: type[BuildEnvError], message: str, hint: str
) -> None:
    error = asking._refused(status, lines)
    assert (type(error), error.message, error.hint) == (kind, message, hint)


def test_of_an_endless_answer_the_beginning_is_kept() -> None:
    kept = asking._Kept()
    for _ in range(3):
        assert kept.write(bytes(1 << 19)) == 1 << 19
    assert len(kept.getvalue()) == 1 << 20
