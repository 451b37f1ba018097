"""Owns the data that leaves a compile and the data that programs give: limits, independent copies, data to nodes."""

from __future__ import annotations

import math

from build_env.manifest.directive import Absent
from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, Sequence

__all__ = ["Poisoned", "TooLarge", "copied", "nodes_of"]

DEEPEST = 800
_MOST_VALUES = 2_000_000
_MOST_TEXT = 128 * 1024 * 1024
_DEEPEST_ANSWER = 256


class TooLarge(Exception):
    """The data is beyond a limit."""


class Poisoned(Exception):
    """A part of the data has a fault that was reported."""


def copied(data: object) -> object:
    """A copy in which no part is shared; raises TooLarge. The limits hold for what would be written."""
    top: list[object] = []
    waiting: list[tuple[object, dict[str, object] | list[object], str, int]] = [(data, top, "", 0)]
    values = text = 0
    while waiting:
        one, into, key, depth = waiting.pop()
        values += 1
        copy: object = one
        if isinstance(one, Absent):
            raise Poisoned
        if isinstance(one, str):
            text += len(one)
        elif isinstance(one, dict):
            copy = inner = dict.fromkeys(one)
            waiting.extend((value, inner, name, depth + 1) for name, value in one.items())
        elif isinstance(one, list):
            copy = items = list[object]()
            waiting.extend((value, items, "", depth + 1) for value in reversed(one))
        if isinstance(into, dict):
            into[key] = copy
        else:
            into.append(copy)
        if values + len(waiting) > _MOST_VALUES or text > _MOST_TEXT:
            raise TooLarge(
                f"the result has more than {_MOST_VALUES:,} values or {_MOST_TEXT // 1024 // 1024} MiB of text"
            )
        if depth > DEEPEST:
            raise TooLarge(f"the result is nested deeper than {DEEPEST} levels")
    return top[0]


def nodes_of(data: object, place: Place, depth: int = 0) -> Node:
    """Nodes for the answer of a program, all at the place that asked for it; raises TooLarge."""
    if depth > _DEEPEST_ANSWER:
        raise TooLarge(f"the answer is nested deeper than {_DEEPEST_ANSWER} levels")
    if isinstance(data, dict):
        entries = tuple(Entry(str(key), place, nodes_of(value, place, depth + 1)) for key, value in data.items())
        directives = any(key.startswith("otk.") or _directives(node) for key, _, node in entries)
        return Mapping(entries, place, place, directives, 1 + len(entries))
    if isinstance(data, list | tuple):
        items = tuple(nodes_of(value, place, depth + 1) for value in data)
        return Sequence(items, place, place, any(map(_directives, items)), 1 + len(items))
    if data is None or isinstance(data, str | int) or (isinstance(data, float) and math.isfinite(data)):
        return Scalar(data, str(data), place, plain=False)
    raise TooLarge(f"the answer holds {data!r}, which JSON does not have")


def _directives(node: Node) -> bool:
    return not isinstance(node, Scalar) and node.directives
