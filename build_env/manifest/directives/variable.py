"""`otk.variable`: the value of a variable, as `$name` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Engine, Form, Role, Step
from build_env.manifest.names import is_path
from build_env.manifest.nodes import Mapping, value_kind

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry

__all__ = ["VARIABLE"]


def _evaluate(engine: Engine, entry: Entry, _name: str, frame: Frame) -> Step:
    node, default = entry.node, None
    if isinstance(node, Mapping) and not any(key.startswith("otk.") for key, _, _ in node):
        for key, place, _ in node:
            if key not in {"name", "default"}:
                engine.faults.add(f"{entry.key} takes name and default, not {key}", place, frame.chain)
        name, default = node.get("name"), node.get("default")
        if name is None:
            engine.faults.add(f"{entry.key} needs the name of a variable", entry.place, frame.chain)
            return Absent.POISON
        node = name
    path = yield engine.value(node, frame)
    if isinstance(path, Absent):
        return path
    if not isinstance(path, str) or not is_path(path):
        said = f"{path!r}" if isinstance(path, str) else value_kind(path)
        engine.faults.add(f"{entry.key} takes the name of a variable, this is {said}", node.place, frame.chain)
        return Absent.POISON
    value = yield engine.lookup(path, node.place, frame, optional=default is not None)
    return (yield engine.value(default, frame)) if value is Absent.REMOVED and default is not None else value


VARIABLE = Directive(
    name="otk.variable",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="The value of a variable, with its type. `$name` and `${name}` in a text are the short way to write it.",
    value="the name of a variable, or a map with `name` and, for a variable that may be missing, `default`",
    example="otk.define:\n  modes: [uefi, bios]\nboot:\n  otk.variable: modes\n",
    evaluate=_evaluate,
)
