"""`otk.op.…`: joins sequences end to end, and maps; where two maps have a key, the last one wins or it is a fault."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Form, Role, Step
from build_env.manifest.nodes import Mapping, Sequence, kind, value_kind
from build_env.manifest.trace import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node, Place
    from build_env.manifest.walker import Walker

__all__ = ["DEEP_JOIN", "HASH_MERGE", "JOIN", "MAP_JOIN", "SEQ_JOIN", "deeply", "joined"]

_WORDS: dict[type, str] = {list: "sequences", dict: "maps"}


def joined(
    walker: Walker, values: list[object], what: type, entry: Entry, frame: Frame, *, last_wins: bool = False
) -> object:
    """One sequence of sequences, or one map of maps: a key that two have is a fault, unless the last one wins."""
    parts = [value for value in values if isinstance(value, list | dict)]
    walker.spend(sum(map(len, parts)), entry.place, frame)
    result: list[object] | dict[str, object] = [] if what is list else {}
    several: list[str] = []
    for index, part in enumerate(parts):
        if walker.trace:
            walker.trace.spread(part, walker.trace.taken(Record(), values, index), result, len(result))
        if isinstance(result, dict) and isinstance(part, dict):
            several += [key for key in part if key in result]
            result.update(part)
        elif isinstance(result, list):
            result.extend(part)
    if walker.trace:
        walker.trace.made()
    if several and not last_wins:
        names = ", ".join(dict.fromkeys(several))
        message = f"{entry.key}: more than one map has {names}; otk.op.join lets the last one win"
        return walker.fault(message, entry.place, frame)
    return result


def deeply(
    walker: Walker, parts: list[tuple[dict[str, object], Record]], place: Place, frame: Frame
) -> dict[str, object]:
    """One map of maps, and so of the maps in them; of the same key anything else than two maps is the last one's."""
    top: dict[str, object] = {}
    waiting, trace = [(top, parts)], walker.trace
    while waiting:
        into, parts = waiting.pop()
        walker.spend(sum(len(part) for part, _ in parts), place, frame)
        maps: dict[str, list[tuple[dict[str, object], Record]]] = {}
        for part, record in parts:
            for key, value in part.items():
                slot = trace.taken(record, part, key) if trace else record
                maps[key] = [*maps.get(key, []), (value, slot)] if isinstance(value, dict) else []
                if trace:
                    trace.last = slot
                    trace.put(into, key)
                into[key] = value
        for key, several in maps.items():
            if len(several) > 1:
                into[key] = joint = dict[str, object]()
                waiting.append((joint, several))
                if trace:
                    trace.anew(into, key)
    if trace:
        trace.made()
    return top


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
    if isinstance(operands, Sequence):
        values = yield walker.all_values((item, frame) for item in operands.items)
    else:
        values = yield walker.value(operands, frame)
    if isinstance(values, Absent):
        return Absent.POISON
    if not isinstance(values, list):
        return walker.fault(f"values of {entry.key} is a sequence, this is {value_kind(values)}", operands.place, frame)
    written = len(operands.items) if isinstance(operands, Sequence) else len(values)
    if written <= 1:
        many = "only one value" if written else "no values"
        walker.faults.warn(f"{entry.key} has {many}: there is nothing to join", entry.place, frame.chain)
    return _checked(walker, values, (entry, operands), frame, wanted)


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


def _operation(
    wanted: type | None, *, last_wins: bool = False, deep: bool = False
) -> Callable[[Walker, Entry, str, Frame], Step]:
    def evaluate(walker: Walker, entry: Entry, _name: str, frame: Frame) -> Step:
        values = yield _operands(walker, entry, frame, wanted)
        if not isinstance(values, list):
            return Absent.POISON
        if deep:
            taken = walker.trace.taken if walker.trace else lambda *_: Record()
            parts = [(each, taken(Record(), values, at)) for at, each in enumerate(values) if isinstance(each, dict)]
            return deeply(walker, parts, entry.place, frame)
        what = wanted or (type(values[0]) if values else list)
        return joined(walker, values, what, entry, frame, last_wins=last_wins)

    return evaluate


SEQ_JOIN = Directive(
    name="otk.op.seq.join",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="Joins sequences, one after the other.",
    value="a map with `values`, a sequence of two or more sequences",
    example="packages:\n  otk.op.seq.join:\n    values:\n      - [kernel]\n      - [systemd]\n",
    evaluate=_operation(list),
    word="joined",
)
MAP_JOIN = replace(
    SEQ_JOIN,
    name="otk.op.map.join",
    summary="Joins maps. A key that two of them have is a fault; `otk.op.join` lets the last one win.",
    value="a map with `values`, a sequence of two or more maps",
    example="user:\n  otk.op.map.join:\n    values:\n      - name: ada\n      - shell: /bin/sh\n",
    evaluate=_operation(dict),
)
HASH_MERGE = replace(
    MAP_JOIN,
    name="otk.op.hash.merge",
    summary="Another name of `otk.op.map.join`.",
    example=MAP_JOIN.example.replace("map.join", "hash.merge"),
)
JOIN = replace(
    SEQ_JOIN,
    name="otk.op.join",
    summary="Joins sequences one after the other, or maps: of the same key the last value wins, whole.",
    value="a map with `values`, a sequence of two or more sequences, or of two or more maps",
    example="user:\n  otk.op.join:\n    values:\n      - {name: ada, shell: /bin/sh}\n      - {shell: /bin/zsh}\n",
    evaluate=_operation(None, last_wins=True),
)
DEEP_JOIN = replace(
    MAP_JOIN,
    name="otk.op.deep.join",
    summary="Joins maps, and the maps in them. Of the same key anything else is the last one's, whole.",
    example="user:\n  otk.op.deep.join:\n    values:\n      - {home: {path: /a, size: 7}}\n      - {home: {size: 9}}\n",
    evaluate=_operation(dict, deep=True),
)
