"""Owns how checks of a machine are shown: a line each, words and no colour, and what mends what is missing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.setup.checks import exit_code
from build_env.setup.facts import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from build_env.setup.facts import Check

__all__ = ["check_lines", "document"]

_WIDEST = 34


def check_lines(found: Sequence[Check], *, set_up: bool) -> list[str]:
    """The checks in the order given and the sum; `set_up` says that `--setup` can mend this machine."""
    width = min(_WIDEST, max((len(check.name) for check in found), default=0))
    lines = []
    for check in found:
        lines.append(f"  {check.state.value:<9}{check.name:<{width}}  {check.text}")
        if check.mend and check.state is not State.OK:
            lines.append(f"  {'':<9}{'':<{width}}  {'mend' if check.state is State.MISSING else 'or'}: {check.mend}")
    missing = [check for check in found if check.state is State.MISSING]
    if not missing:
        return [*lines, "done    this machine is ready"]
    what = "1 thing is missing" if len(missing) == 1 else f"{len(missing)} things are missing"
    lines.append(f"failed  {what}: {', '.join(check.name for check in missing)}")
    mendable = [check for check in missing if not check.name.startswith(("target ", "base ", "suites "))]
    if set_up and mendable:
        lines.append("next    build-env doctor --setup does what can be done by itself")
    return lines


def document(found: Sequence[Check]) -> dict[str, object]:
    """The same for programs."""
    return {"ready": exit_code(found) == 0, "checks": [vars(check) for check in found]}
