"""Owns the answer to "where does this value come from": the value, each place that had a part in it, the includes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from build_env.core.errors import UsageError
from build_env.core.suggest import did_you_mean

if TYPE_CHECKING:
    from build_env.manifest.compile import Compiled
    from build_env.manifest.trace import Origin

__all__ = ["explain_value", "value_at"]

_SHOWN = 400


def explain_value(compiled: Compiled, path: str) -> list[str]:
    """The lines that explain the value at `path` of the compiled tree. Raises UsageError when there is none."""
    value = value_at(compiled.tree, path)
    text = json.dumps(value, ensure_ascii=False)
    lines = [f"{path} = {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"]
    for origin in _origins(compiled, path):
        name = f" as {origin.name}" if origin.name else ""
        lines.append(f"  {origin.word:<11}{origin.place if origin.place.file else 'from outside'}{name}")
        lines += [f"  {'':<11}included from {place}" for place in origin.chain]
    return lines


def value_at(tree: object, path: str) -> object:
    """The value at a dotted path; keys may contain dots themselves, items of a sequence are numbers."""
    current, rest = tree, path.split(".") if path else []
    while rest:
        if isinstance(current, list) and rest[0].isascii() and rest[0].isdigit() and int(rest[0]) < len(current):
            current, rest = current[int(rest[0])], rest[1:]
            continue
        entries = current if isinstance(current, dict) else {}
        size = next((size for size in range(len(rest), 0, -1) if ".".join(rest[:size]) in entries), 0)
        if not size:
            raise _missing(path, rest, current)
        current, rest = entries[".".join(rest[:size])], rest[size:]
    return current


def _missing(path: str, rest: list[str], current: object) -> UsageError:
    before = path.removesuffix(".".join(rest)).rstrip(".") or "the result"
    if isinstance(current, list):
        has = f"it is a sequence of {len(current)}"
    elif isinstance(current, dict):
        has = f"it has {', '.join(str(key) for key in list(current)[:20]) or 'nothing in it'}"
    else:
        has = "it is a single value"
    near = did_you_mean(rest[0], current) if isinstance(current, dict) else ""
    return UsageError(f"there is no {rest[0]} in {before}{near}", hint=f"{before}: {has}")


def _origins(compiled: Compiled, path: str) -> tuple[Origin, ...]:
    """Those of the value, else those of the nearest thing around it."""
    parts = path.split(".")
    nearest = (compiled.origins.get(".".join(parts[:size])) for size in range(len(parts), -1, -1))
    return next((origins for origins in nearest if origins), ())
