"""`otk.version`: the version of the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Directive, Form, Role, Visit
from build_env.manifest.nodes import Place, Scalar, kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.nodes import Entry
    from build_env.manifest.walker import Walker

__all__ = ["VERSION", "check_version"]


def _gather(walker: Walker, visit: Visit, entry: Entry, _rest: str) -> Iterable[Visit]:
    node = entry.node
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, bool) or value not in {1, "1"} or isinstance(value, float):
        written = node.text if value is not None and isinstance(node, Scalar) else kind(node)
        walker.fault(f"{entry.key} is {written}; there is only version 1", node.place, visit.frame)
    if not visit.file_top:
        walker.fault(f"{entry.key} stands at the top of a file only", entry.place, visit.frame)
    if visit.top:
        walker.declare(VERSION.name, "", entry, visit.frame)
    return ()


def check_version(walker: Walker, file: str) -> None:
    """Warn where a manifest with targets says no version."""
    if not walker.declared[VERSION.name]:
        walker.faults.warn("there is no otk.version: version 1 is assumed", Place(file, 1, 1))


VERSION = Directive(
    name="otk.version",
    form=Form.ALONE,
    role=Role.SILENT,
    summary="The version of the language. Stands at the top of a file; version 1 is assumed where it is missing.",
    value="1",
    example="otk.version: 1\nname: hello\n",
    gather=_gather,
)
