"""`otk.meta.<app>`: data for another program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent, Declaration, Directive, Form, Role, Visit, drive
from build_env.manifest.nodes import Mapping, Place, kind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.nodes import Entry
    from build_env.manifest.walker import Walker

__all__ = ["META", "meta_data"]


@dataclass
class _Metas:
    declarations: list[Declaration] = field(default_factory=list)


def _gather(walker: Walker, visit: Visit, entry: Entry, app: str) -> Iterable[Visit]:
    if not isinstance(entry.node, Mapping):
        walker.fault(f"{entry.key} takes a map, this is {kind(entry.node)}", entry.node.place, visit.frame)
    walker.state(_Metas).declarations.append(Declaration(app, entry, visit.frame))
    return (Visit(entry.node, visit.frame),)


def meta_data(walker: Walker) -> dict[str, object]:
    """The data for each app."""
    data: dict[str, object] = {}
    places: dict[str, Place] = {}
    for declaration in walker.state(_Metas).declarations:
        entry, frame = declaration.entry, declaration.frame
        first = places.setdefault(declaration.name, entry.place)
        if first != entry.place:
            walker.fault(f"{entry.key} is given twice, first in {first.location}", entry.place, frame)
            continue
        value = drive(walker.value(entry.node, frame))
        if not isinstance(value, dict | Absent) and isinstance(entry.node, Mapping):
            walker.fault(f"{entry.key} must give a map", entry.place, frame)
        data[declaration.name] = {} if value is Absent.REMOVED else value
    return data


META = Directive(
    name="otk.meta",
    form=Form.NAMED,
    role=Role.SILENT,
    summary="Data for the program that is named. It is no part of the output; `--meta` prints it.",
    value="a map",
    example="otk.meta.kiwi:\n  label: A label\n",
    gather=_gather,
)
