"""`otk.external.<name>`: the answer of another program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Directive, Engine, Form, Role, Step

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry

__all__ = ["EXTERNAL"]


def _evaluate(engine: Engine, entry: Entry, name: str, frame: Frame) -> Step:
    tree = yield engine.value(entry.node, frame)
    if tree is Absent.POISON:
        return tree
    return (yield engine.external(name, None if tree is Absent.REMOVED else tree, entry, frame))


EXTERNAL = Directive(
    name="otk.external",
    form=Form.NAMED,
    role=Role.REPLACED,
    summary=(
        "Runs a program with the data below it and is replaced by the data that the program answers. "
        "`otk.external.<app>.<name>` runs only for a target of that app, `otk.external.build-env.<name>` for any."
    ),
    value="what the program expects",
    example="otk.target.osbuild:\n  sources:\n    otk.external.osbuild.embed-file:\n      text: hello\n",
    evaluate=_evaluate,
)
