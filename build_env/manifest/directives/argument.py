"""`otk.argument`: variables that the command line must give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent, Directive, Form, Role, Visit
from build_env.manifest.names import no_name
from build_env.manifest.nodes import Entry, Place, Scalar, Sequence, kind
from build_env.manifest.scope import Definition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.faults import Faults
    from build_env.manifest.resolve import Asked
    from build_env.manifest.walker import Walker

__all__ = ["ARGUMENT", "check_arguments"]

_LONGEST = 40


def _gather(walker: Walker, visit: Visit, entry: Entry, _rest: str) -> Iterable[Visit]:
    frame = visit.frame
    if not isinstance(entry.node, Sequence):
        walker.fault(f"{entry.key} takes a sequence of names, this is {kind(entry.node)}", entry.node.place, frame)
        return ()
    for item in entry.node.items:
        name = item.text if isinstance(item, Scalar) else ""
        wrong = next(filter(None, map(no_name, name.split("."))), "")
        if wrong:
            wrong = wrong if name else f"a name is expected, this is {kind(item)}"
            walker.fault(f"{entry.key}: {wrong}", item.place, frame)
        elif name not in walker.declared[ARGUMENT.name]:
            walker.declare(ARGUMENT.name, name, Entry(entry.key, item.place, item), frame)
            value = walker.job.arguments.get(name, Absent.POISON)
            definition = Definition(path=tuple(name.split(".")), place=item.place, origin="argument", value=value)
            definition.order = frame.at(item.place)
            walker.scope.add(definition)
    return ()


def _mentions(entry: Entry, _rest: str) -> Iterable[str]:
    items = entry.node.items if isinstance(entry.node, Sequence) else ()
    return [item.text for item in items if isinstance(item, Scalar)]


def check_arguments(faults: Faults, given: Iterable[tuple[str, str]], asked: Asked) -> None:
    """Report what was given (`-A`) and not asked for, and what was asked for and not given."""
    seen = set[str]()
    declared, elsewhere = asked.declared[ARGUMENT.name], asked.elsewhere[ARGUMENT.name]
    for name, value in given:
        place = Place(f"-A {name}={value if len(value) <= _LONGEST else value[:_LONGEST] + '…'}", 0, 0)
        if name in seen:
            faults.add(f"the argument {name} is given twice", place)
        elif name not in declared and name not in elsewhere and asked.complete:
            near = did_you_mean(name, declared)
            faults.add(f"the argument {name} is not declared by an otk.argument{near}", place)
        seen.add(name)
    missing = [name for name in declared if name not in seen]
    if missing:
        first = declared[missing[0]]
        message = f"arguments are missing: {', '.join(missing)}; give each with -A name=value"
        faults.add(message, first.entry.place, first.frame.chain)


ARGUMENT = Directive(
    name="otk.argument",
    form=Form.ALONE,
    role=Role.SILENT,
    summary="Names variables that must be given with `-A name=value`. The value is text.",
    value="a sequence of names",
    example="otk.argument:\n  - release\nname: image-$release\n",
    gather=_gather,
    mentions=_mentions,
)
