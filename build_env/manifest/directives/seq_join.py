"""`otk.op.seq.join`: sequences, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Engine, Form, Role, Step
from build_env.manifest.operands import concatenated, operands

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry

__all__ = ["SEQ_JOIN"]


def _evaluate(engine: Engine, entry: Entry, _name: str, frame: Frame) -> Step:
    values = yield operands(engine, entry, frame, list)
    return concatenated(engine, values, entry, frame) if isinstance(values, list) else Absent.POISON


SEQ_JOIN = Directive(
    name="otk.op.seq.join",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="Joins sequences, one after the other.",
    value="a map with `values`, a sequence of two or more sequences",
    example="packages:\n  otk.op.seq.join:\n    values:\n      - [kernel]\n      - [systemd]\n",
    evaluate=_evaluate,
)
