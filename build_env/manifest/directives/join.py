"""`otk.op.…`: joins sequences end to end, and maps; where two maps have a key, the last one wins or it is a fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Form, Role, Step
from build_env.manifest.nodes import Mapping, Sequence, kind, value_kind
from build_env.manifest.trace import Record

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node
    from build_env.manifest.walker import Walker

__all__ = ["HASH_MERGE", "JOIN", "MAP_JOIN", "SEQ_JOIN", "concatenated", "distinct"]

_WORDS: dict[type, str] = {list: "sequences", dict: "maps"}


def concatenated(walker: Walker, values: list[object], entry: Entry, frame: Frame) -> object:
    """One sequence of sequences."""
    sequences = [value for value in values if isinstance(value, list)]
    walker.spend(sum(map(len, sequences)), entry.place, frame)
    result: list[object] = []
    for index, sequence in enumerate(sequences):
        if walker.trace:
            walker.trace.spread(sequence, walker.trace.taken(Record(), values, index), result, len(result))
        result.extend(sequence)
    if walker.trace:
        walker.trace.made()
    return result


def _merged(walker: Walker, values: list[object], entry: Entry, frame: Frame) -> tuple[dict[str, object], list[str]]:
    """One map of maps, of which the last one wins; and the keys that more than one has."""
    maps = [value for value in values if isinstance(value, dict)]
    walker.spend(sum(map(len, maps)), entry.place, frame)
    result: dict[str, object] = {}
    several: list[str] = []
    for index, value in enumerate(maps):
        several += [key for key in value if key in result]
        if walker.trace:
            walker.trace.spread(value, walker.trace.taken(Record(), values, index), result)
        result.update(value)
    if walker.trace:
        walker.trace.made()
    return result, several


def distinct(walker: Walker, values: list[object], entry: Entry, frame: Frame) -> object:
    """One map of maps that have no key in common."""
    result, several = _merged(walker, values, entry, frame)
    if several:
        names = ", ".join(dict.fromkeys(several))
        message = f"{entry.key}: more than one map has {names}; otk.op.join lets the last one win"
        return walker.fault(message, entry.place, frame)
    return result


def _operands(walker: Walker, entry: Entry, frame: Frame, wanted: type | None) -> Step:
    """The values of an operation, all of the `wanted` type, or of the first one's; POISON after a fault."""
    node = entry.node
    if not isinstance(node, Mapping):
        return walker.fault(f"{entry.key} takes a map with values, this is {kind(node)}", node.place, frame)
    for key, place, _ in node:
        if key != "values":
            walker.fault(f"{entry.key} takes values, not {key}", place, frame)
    operands = node.get("values")
    if operands is None:
        return walker.fault(f"{entry.key} needs values, a sequence of what is joined", entry.place, frame)
    values = yield _values(walker, operands, frame)
    if isinstance(values, Absent):
        return Absent.POISON
    if not isinstance(values, list):
        return walker.fault(f"values of {entry.key} is a sequence, this is {value_kind(values)}", operands.place, frame)
    written = len(operands.items) if isinstance(operands, Sequence) else len(values)
    if written <= 1:
        many = "only one value" if written else "no values"
        walker.faults.warn(f"{entry.key} has {many}: there is nothing to join", entry.place, frame.chain)
    return _checked(walker, values, (entry, operands), frame, wanted)


def _values(walker: Walker, node: Node, frame: Frame) -> Step:
    if not isinstance(node, Sequence):
        return (yield walker.value(node, frame))
    values: list[object] = []
    for item in node.items:
        value = yield walker.value(item, frame)
        if value is not Absent.REMOVED:
            if walker.trace:
                walker.trace.put(values, len(values))
            values.append(value)
    return values


def _checked(
    walker: Walker, values: list[object], what: tuple[Entry, Node], frame: Frame, wanted: type | None
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
            walker.fault(f"{entry.key} joins {words}, this is {value_kind(value)}", place, frame)
            good = False
    return values if good else Absent.POISON


def _join_sequences(walker: Walker, entry: Entry, _name: str, frame: Frame) -> Step:
    values = yield _operands(walker, entry, frame, list)
    return concatenated(walker, values, entry, frame) if isinstance(values, list) else Absent.POISON


def _join_maps(walker: Walker, entry: Entry, _name: str, frame: Frame) -> Step:
    values = yield _operands(walker, entry, frame, dict)
    return distinct(walker, values, entry, frame) if isinstance(values, list) else Absent.POISON


def _join(walker: Walker, entry: Entry, _name: str, frame: Frame) -> Step:
    values = yield _operands(walker, entry, frame, None)
    if not isinstance(values, list):
        return Absent.POISON
    if not values or isinstance(values[0], list):
        return concatenated(walker, values, entry, frame)
    return _merged(walker, values, entry, frame)[0]


SEQ_JOIN = Directive(
    name="otk.op.seq.join",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="Joins sequences, one after the other.",
    value="a map with `values`, a sequence of two or more sequences",
    example="packages:\n  otk.op.seq.join:\n    values:\n      - [kernel]\n      - [systemd]\n",
    evaluate=_join_sequences,
    word="joined",
)
MAP_JOIN = Directive(
    name="otk.op.map.join",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="Joins maps. A key that two of them have is a fault; `otk.op.join` lets the last one win.",
    value="a map with `values`, a sequence of two or more maps",
    example="user:\n  otk.op.map.join:\n    values:\n      - name: ada\n      - shell: /bin/sh\n",
    evaluate=_join_maps,
    word="joined",
)
HASH_MERGE = replace(
    MAP_JOIN,
    name="otk.op.hash.merge",
    summary="Another name of `otk.op.map.join`.",
    example=MAP_JOIN.example.replace("map.join", "hash.merge"),
)
JOIN = Directive(
    name="otk.op.join",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="Joins sequences one after the other, or maps: of the same key the last value wins, whole.",
    value="a map with `values`, a sequence of two or more sequences, or of two or more maps",
    example="user:\n  otk.op.join:\n    values:\n      - {name: ada, shell: /bin/sh}\n      - {shell: /bin/zsh}\n",
    evaluate=_join,
    word="joined",
)
