"""`otk.customization.<name>`: a block that is there once for each input of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent, Directive, Engine, Form, Role, Step
from build_env.manifest.nodes import Mapping, kind
from build_env.manifest.operands import concatenated, distinct

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node

__all__ = ["CUSTOMIZATION", "defined_block"]

_KEYS = ("default", "defined", "if-set", "scope")


def defined_block(node: Node) -> Node | None:
    """The block for an active customization; the later project called it `if-set`."""
    return (node.get("defined") or node.get("if-set")) if isinstance(node, Mapping) else None


def _evaluate(engine: Engine, entry: Entry, name: str, frame: Frame) -> Step:
    node = entry.node
    if not isinstance(node, Mapping):
        engine.faults.add(f"{entry.key} takes a map with defined, this is {kind(node)}", node.place, frame.chain)
        return Absent.POISON
    for key, place, _ in node:
        if key not in _KEYS:
            said = f"{entry.key} takes defined and default, not {key}{did_you_mean(key, _KEYS)}"
            engine.faults.add(said, place, frame.chain)
    block = defined_block(node)
    if block is None:
        engine.faults.add(f"{entry.key} needs the block defined", entry.place, frame.chain)
        return Absent.POISON
    count = len(engine.customizations.get(name, ()))
    if not count:
        default = node.get("default")
        return (yield engine.value(default, frame)) if default is not None else Absent.REMOVED
    values: list[object] = []
    for index in range(count):
        value = yield engine.value(block, engine.bound(frame, name, index))
        if value is not Absent.REMOVED:
            values.append(value)
    return Absent.POISON if Absent.POISON in values else _joined(engine, values, entry, frame)


def _joined(engine: Engine, values: list[object], entry: Entry, frame: Frame) -> object:
    """The results of all inputs as one."""
    if len(values) <= 1:
        return values[0] if values else Absent.REMOVED
    if all(isinstance(value, list) for value in values):
        return concatenated(engine, values, entry, frame)
    if all(isinstance(value, dict) for value in values):
        return distinct(engine, values, entry, frame)
    said = f"{entry.key} has {len(values)} inputs: their results must be all sequences or all maps to be joined"
    engine.faults.add(said, entry.place, frame.chain)
    return Absent.POISON


CUSTOMIZATION = Directive(
    name="otk.customization",
    form=Form.NAMED,
    role=Role.REPLACED,
    summary=(
        "A block for input from `-C name=data`. Without input it is `default`, or nothing. With input it is `defined`, "
        "once for each input: `$this.data` is the input, `$this.key` an entry of it. The results are joined."
    ),
    value="a map with `defined` and, if wanted, `default`",
    example=("language:\n  otk.customization.language:\n    default: en\n    defined: $this.data\n"),
    evaluate=_evaluate,
)
