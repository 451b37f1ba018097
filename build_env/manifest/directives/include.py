"""`otk.include`: the content of another file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Engine, Form, Role, Step
from build_env.manifest.nodes import Mapping, value_kind

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Place

__all__ = ["INCLUDE", "include_path", "path_place"]


def path_place(entry: Entry) -> Place:
    """Where the path of an include is written."""
    inner = entry.node.get("path") if isinstance(entry.node, Mapping) else None
    return (inner or entry.node).place


def include_path(engine: Engine, entry: Entry, frame: Frame) -> Step:
    """The path that an include names, as text, or POISON."""
    node = entry.node
    if isinstance(node, Mapping) and not any(key.startswith("otk.") for key, _, _ in node):
        for key, place, _ in node:
            if key != "path":
                engine.faults.add(f"{entry.key} takes path, not {key}", place, frame.chain)
        inner = node.get("path")
        if inner is None:
            engine.faults.add(f"{entry.key} needs a path", entry.place, frame.chain)
            return Absent.POISON
        node = inner
    path = yield engine.value(node, frame)
    if path is Absent.POISON:
        return path
    if not isinstance(path, str) or not path:
        said = "this is empty" if path == "" else "this was removed" if path is Absent.REMOVED else value_kind(path)
        said = said if said.startswith("this") else f"this is {said}"
        engine.faults.add(f"{entry.key} takes the path of a file, {said}", node.place, frame.chain)
        return Absent.POISON
    return path


def _evaluate(engine: Engine, entry: Entry, _name: str, frame: Frame) -> Step:
    found = engine.included(entry, frame)
    return (yield engine.value(*found)) if found is not None else Absent.POISON


INCLUDE = Directive(
    name="otk.include",
    form=Form.TAG,
    role=Role.MERGED,
    summary=(
        "The content of another file, its path relative to the file that includes it. A map joins the map where the "
        "include stands; anything else replaces it."
    ),
    value="a path, or a map with `path`",
    example="otk.include: common.yaml\nname: hello\n",
    evaluate=_evaluate,
)
