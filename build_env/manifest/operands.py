"""Owns joining: the operands of an operation and their checks, sequences end to end, maps without a common key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Engine, Step
from build_env.manifest.nodes import Mapping, Sequence, kind, value_kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node, Place

__all__ = ["concatenated", "distinct", "operands"]

_WORDS: dict[type, str] = {list: "sequences", dict: "maps"}


def operands(engine: Engine, entry: Entry, frame: Frame, wanted: type | None) -> Step:
    """The values of an operation, all of the `wanted` type, or of the first one's; POISON after a fault."""
    node = entry.node
    if not isinstance(node, Mapping):
        engine.faults.add(f"{entry.key} takes a map with values, this is {kind(node)}", node.place, frame.chain)
        return Absent.POISON
    for key, place, _ in node:
        if key != "values":
            engine.faults.add(f"{entry.key} takes values, not {key}", place, frame.chain)
    values_node = node.get("values")
    if values_node is None:
        engine.faults.add(f"{entry.key} needs values, a sequence of what is joined", entry.place, frame.chain)
        return Absent.POISON
    found = yield _values(engine, values_node, frame)
    if isinstance(found, Absent):
        return Absent.POISON
    if not isinstance(found, list):
        said = f"values of {entry.key} is a sequence, this is {value_kind(found)}"
        engine.faults.add(said, values_node.place, frame.chain)
        return Absent.POISON
    written = len(values_node.items) if isinstance(values_node, Sequence) else len(found)
    if written <= 1:
        many = "only one value" if written else "no values"
        engine.faults.warn(f"{entry.key} has {many}: there is nothing to join", entry.place, frame.chain)
    return _checked(engine, found, (entry, values_node), frame, wanted)


def _values(engine: Engine, node: Node, frame: Frame) -> Step:
    if not isinstance(node, Sequence):
        return (yield engine.value(node, frame))
    result = []
    for item in node.items:
        value = yield engine.value(item, frame)
        if value is not Absent.REMOVED:
            result.append(value)
    return result


def _checked(
    engine: Engine, values: list[object], what: tuple[Entry, Node], frame: Frame, wanted: type | None
) -> list[object] | Absent:
    entry, node = what
    good = True
    for index, value in enumerate(values):
        if value is Absent.POISON:
            good = False
            continue
        place = node.items[index].place if isinstance(node, Sequence) and len(node.items) == len(values) else node.place
        if wanted is None and isinstance(value, list | dict):
            wanted = type(value)
        if wanted is None or not isinstance(value, wanted):
            words = _WORDS[wanted] if wanted else "sequences or maps"
            engine.faults.add(f"{entry.key} joins {words}, this is {value_kind(value)}", place, frame.chain)
            good = False
    return values if good else Absent.POISON


def concatenated(engine: Engine, values: Iterable[object], entry: Entry, frame: Frame) -> object:
    """One sequence of sequences."""
    sequences = [value for value in values if isinstance(value, list)]
    engine.spend(sum(map(len, sequences)), entry.place, frame)
    return [item for sequence in sequences for item in sequence]


def distinct(engine: Engine, values: Iterable[object], entry: Entry, frame: Frame) -> object:
    """One map of maps that have no key in common."""
    maps = [value for value in values if isinstance(value, dict)]
    engine.spend(sum(map(len, maps)), entry.place, frame)
    result: dict[str, object] = {}
    twice: list[str] = []
    for value in maps:
        twice += [key for key in value if key in result]
        result.update(value)
    if twice:
        names = ", ".join(dict.fromkeys(twice))
        said = f"{entry.key}: more than one map has {names}; otk.op.join lets the last one win"
        place: Place = entry.place
        engine.faults.add(said, place, frame.chain)
        return Absent.POISON
    return result
