"""`otk.target.<app>`: what is made for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import PREFIX, Absent, Declaration, Directive, Form, Role, Visit
from build_env.manifest.nodes import Mapping, Place, kind
from build_env.manifest.trace import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node
    from build_env.manifest.walker import Walker

__all__ = ["TARGET", "app_of", "check_beside", "check_choice", "chosen", "printed", "targets"]

_OSBUILD = "osbuild"


def _gather(walker: Walker, visit: Visit, entry: Entry, name: str) -> Iterable[Visit]:
    if not visit.top:
        walker.fault(f"{entry.key} stands at the top of a manifest only", entry.place, visit.frame)
        return ()
    if not isinstance(entry.node, Mapping):
        walker.fault(f"{entry.key} takes a map, this is {kind(entry.node)}", entry.node.place, visit.frame)
    first = walker.declare(TARGET.name, name, entry, visit.frame).entry
    if first.place != entry.place:
        walker.fault(f"{entry.key} is given twice, first in {first.place.location}", entry.place, visit.frame)
    return ()  # what is inside is gathered when the target is chosen


def targets(walker: Walker) -> dict[str, Declaration]:
    """All targets that were gathered, by name."""
    return walker.declared[TARGET.name]


def chosen(walker: Walker, name: str) -> Declaration | None:
    """The target that `name` chooses; without a name the only one."""
    declared = targets(walker)
    return declared.get(name) if name else next(iter(declared.values())) if len(declared) == 1 else None


def app_of(target: Declaration) -> str:
    """The program that a target is for."""
    return target.name.split(".")[0]


def check_choice(walker: Walker, name: str, choice: Declaration | None) -> None:
    """Report a target that is not there, and several of which none was chosen."""
    declared = targets(walker)
    if name and choice is None and not walker.variables.incomplete:
        there = f"; there are {', '.join(declared)}" if declared else ""
        message = f"there is no target {name}{did_you_mean(name, declared)}{there}"
        walker.faults.add(message, Place(walker.job.document.file, 1, 1))
    elif not name and len(declared) > 1 and not walker.job.options.only_meta:
        message = f"there are several targets, choose one with -t: {', '.join(declared)}"
        first = next(iter(declared.values()))
        walker.fault(message, first.entry.place, first.frame)


def printed(walker: Walker, data: object, target: Declaration) -> object:
    """The data of a target as it is printed, for osbuild with the version that it wants; POISON after a fault."""
    entry = target.entry
    if data is Absent.REMOVED:
        data = {}
    if isinstance(data, Absent):
        return data
    if not isinstance(data, dict):
        return walker.fault(f"{entry.key} must give a map", entry.place, target.frame)
    if app_of(target) != _OSBUILD:
        return data
    if "version" in data:
        written = [one.place for one in entry.node if one.key == "version"] if isinstance(entry.node, Mapping) else []
        message = f'{entry.key} must not have a version: build-env adds "version": "2"'
        walker.fault(message, written[0] if written else entry.place, target.frame)
    result = {**data, "version": "2"}
    if trace := walker.trace:
        record = trace.last
        trace.spread(data, Record(), result)
        trace.made()
        trace.led_through("added for", entry.place, target.frame)
        trace.put(result, "version")
        trace.last = record
    return result


def check_beside(walker: Walker, data: object, root: Node, frame: Frame) -> None:
    """Report the data that stands beside targets."""
    if isinstance(data, Absent) or data == {}:
        return
    message = "data stands beside targets, and would be lost"
    if isinstance(data, dict):
        message = f"top-level keys beside the targets, which would be lost: {', '.join(data)}"
    walker.fault(message, *_first_data(walker, root, frame))


def _first_data(walker: Walker, root: Node, frame: Frame) -> tuple[Place, Frame]:
    """Where the first data of a map stands that is more than directives, also in what it includes."""
    place = root.place
    waiting = [(root, frame)]
    while waiting:
        node, within = waiting.pop()
        if not isinstance(node, Mapping):
            return node.place, within
        data = next((entry.place for entry in node if not entry.key.startswith(PREFIX)), None)
        if data is not None:
            return data, within
        contents = [walker.behind.get((id(entry.node), within)) for entry in node]
        waiting.extend(content for content in reversed(contents) if content is not None)
        place = next((entry.place for entry in node if walker.role(entry.key) is Role.REPLACED), place)
    return place, frame


TARGET = Directive(
    name="otk.target",
    form=Form.NAMED,
    role=Role.SILENT,
    summary=(
        "What is printed for the program that is named, `<app>` or `<app>.<name>`. `-t` chooses one of several; "
        'for osbuild `"version": "2"` is added.'
    ),
    value="a map",
    example="otk.version: 1\notk.target.kiwi:\n  label: A label\n",
    gather=_gather,
)
