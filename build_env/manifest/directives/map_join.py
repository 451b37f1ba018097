"""`otk.op.map.join`, also spelled `otk.op.hash.merge`: maps without a common key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Engine, Form, Role, Step
from build_env.manifest.operands import distinct, operands

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry

__all__ = ["HASH_MERGE", "MAP_JOIN"]


def _evaluate(engine: Engine, entry: Entry, _name: str, frame: Frame) -> Step:
    values = yield operands(engine, entry, frame, dict)
    return distinct(engine, values, entry, frame) if isinstance(values, list) else Absent.POISON


MAP_JOIN = Directive(
    name="otk.op.map.join",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="Joins maps. A key that two of them have is a fault; `otk.op.join` lets the last one win.",
    value="a map with `values`, a sequence of two or more maps",
    example="user:\n  otk.op.map.join:\n    values:\n      - name: ada\n      - shell: /bin/sh\n",
    evaluate=_evaluate,
)
HASH_MERGE = replace(
    MAP_JOIN,
    name="otk.op.hash.merge",
    summary="Another name of `otk.op.map.join`.",
    example=MAP_JOIN.example.replace("map.join", "hash.merge"),
)
