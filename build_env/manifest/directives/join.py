"""`otk.op.join`: sequences, or maps of which the last one wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Engine, Form, Role, Step
from build_env.manifest.operands import concatenated, operands

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry

__all__ = ["JOIN"]


def _evaluate(engine: Engine, entry: Entry, _name: str, frame: Frame) -> Step:
    values = yield operands(engine, entry, frame, None)
    if not isinstance(values, list):
        return Absent.POISON
    if not values or isinstance(values[0], list):
        return concatenated(engine, values, entry, frame)
    engine.spend(sum(map(len, values)), entry.place, frame)
    result: dict[str, object] = {}
    for value in values:
        result.update(value)
    return result


JOIN = Directive(
    name="otk.op.join",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="Joins sequences one after the other, or maps: of the same key the last value wins, whole.",
    value="a map with `values`, a sequence of two or more sequences, or of two or more maps",
    example="user:\n  otk.op.join:\n    values:\n      - {name: ada, shell: /bin/sh}\n      - {shell: /bin/zsh}\n",
    evaluate=_evaluate,
)
