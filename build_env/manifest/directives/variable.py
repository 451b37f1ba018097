"""`otk.variable`: the value of a variable, as `$name` gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import PREFIX, Absent, Directive, Form, Role, Step
from build_env.manifest.names import is_path
from build_env.manifest.nodes import Mapping, value_kind
from build_env.manifest.variables import MISSING

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry
    from build_env.manifest.walker import Walker

__all__ = ["VARIABLE"]


def _evaluate(walker: Walker, entry: Entry, _name: str, frame: Frame) -> Step:
    node, default = entry.node, None
    if isinstance(node, Mapping) and not any(key.startswith(PREFIX) for key, _, _ in node):
        for key, place, _ in node:
            if key not in {"name", "default"}:
                walker.fault(f"{entry.key} takes name and default, not {key}", place, frame)
        name, default = node.get("name"), node.get("default")
        if name is None:
            return walker.fault(f"{entry.key} needs the name of a variable", entry.place, frame)
        node = name
    path = yield walker.value(node, frame)
    if isinstance(path, Absent):
        return path
    if not isinstance(path, str) or not is_path(path, keys=True):
        what = repr(path) if isinstance(path, str) else value_kind(path)
        return walker.fault(f"{entry.key} takes the name of a variable, this is {what}", node.place, frame)
    value = yield walker.variables.lookup(path, node.place, frame, optional=default is not None)
    if default is not None and (value is MISSING or value is Absent.REMOVED):
        return (yield walker.value(default, frame))
    return value


VARIABLE = Directive(
    name="otk.variable",
    form=Form.ALONE,
    role=Role.REPLACED,
    summary="The value of a variable, with its type. `$name` and `${name}` in a text are the short way to write it.",
    value="the name of a variable, or a map with `name` and, for a variable that may be missing, `default`",
    example="otk.define:\n  modes: [uefi, bios]\nboot:\n  otk.variable: modes\n",
    evaluate=_evaluate,
)
