"""`otk.customization.<name>`: a block that is there once for each input of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from build_env.core.suggest import did_you_mean
from build_env.manifest.directive import Absent, Directive, Form, Role, Step, Visit
from build_env.manifest.directives.join import joined
from build_env.manifest.nodes import Mapping, Place, kind, plain
from build_env.manifest.trace import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node
    from build_env.manifest.resolve import Asked
    from build_env.manifest.sources import Sources
    from build_env.manifest.walker import Walker

__all__ = ["CUSTOMIZATION", "Customization", "check_customizations", "parsed"]

_KEYS = ("default", "defined", "if-set", "scope")
_BOUND = 20  # what `this` of one input takes in memory, in values


class Customization(NamedTuple):
    """A `-C name=data`; `source` is the file in which the data stands."""

    name: str
    text: str
    source: str = ""


def parsed(customizations: Iterable[Customization], sources: Sources) -> dict[str, tuple[object, ...]]:
    """The data of each name; what is no YAML is reported and left out."""
    inputs: dict[str, tuple[object, ...]] = {}
    for name, text, source in customizations:
        node = sources.data(source or f"-C {name}", text)
        if node is not None:
            inputs[name] = (*inputs.get(name, ()), plain(node) if text.strip() else None)
    return inputs


def check_customizations(faults: Faults, given: Iterable[Customization], asked: Asked) -> None:
    """Report input that no customization takes."""
    names = {*asked.declared[CUSTOMIZATION.name], *asked.elsewhere[CUSTOMIZATION.name]}
    for name, _, _ in given:
        if name not in names and asked.complete:
            near = did_you_mean(name, names)
            faults.add(f"there is no otk.customization.{name}{near}", Place(f"-C {name}", 0, 0))


def _defined_block(node: Mapping) -> Node | None:
    """The block for an active customization; the later project called it `if-set`."""
    return node.get("defined") or node.get("if-set")


def _frames(walker: Walker, name: str, frame: Frame) -> list[Frame]:
    """`frame` for each input, with that as `this`."""
    frames = []
    for index, data in enumerate(walker.job.customizations.get(name, ())):
        this: dict[str, object] = dict(data) if isinstance(data, dict) else {}
        frames.append(frame.bound(name, index, {**this, "data": data}))
    return frames


def _gather(walker: Walker, visit: Visit, entry: Entry, name: str) -> Iterable[Visit]:
    walker.declare(CUSTOMIZATION.name, name, entry, visit.frame)
    if not isinstance(entry.node, Mapping):
        return ()  # reported by the evaluation
    count = len(walker.job.customizations.get(name, ()))
    block = _defined_block(entry.node) if count else entry.node.get("default")
    if block is None:
        return ()
    walker.spend(_BOUND * count, entry.place, visit.frame)
    return [Visit(block, frame) for frame in _frames(walker, name, visit.frame) or [visit.frame]]


def _evaluate(walker: Walker, entry: Entry, name: str, frame: Frame) -> Step:
    node = entry.node
    if not isinstance(node, Mapping):
        return walker.fault(f"{entry.key} takes a map with defined, this is {kind(node)}", node.place, frame)
    for key, place, _ in node:
        if key not in _KEYS:
            walker.fault(f"{entry.key} takes defined and default, not {key}{did_you_mean(key, _KEYS)}", place, frame)
    block = _defined_block(node)
    if block is None:
        return walker.fault(f"{entry.key} needs the block defined", entry.place, frame)
    frames = _frames(walker, name, frame)
    if not frames:
        default = node.get("default")
        return (yield walker.value(default, frame)) if default is not None else Absent.REMOVED
    values = yield walker.all_values((block, bound) for bound in frames)
    return _one(walker, values, entry, frame) if isinstance(values, list) else Absent.POISON


def _one(walker: Walker, values: list[object], entry: Entry, frame: Frame) -> object:
    """The results of all inputs as one."""
    if Absent.POISON in values:
        return Absent.POISON
    if len(values) <= 1:
        if walker.trace:
            walker.trace.last = walker.trace.taken(Record(), values, 0)
        return values[0] if values else Absent.REMOVED
    for what in (list, dict):
        if all(isinstance(value, what) for value in values):
            return joined(walker, values, what, entry, frame)
    message = f"{entry.key} has {len(values)} inputs: their results must be all sequences or all maps to be joined"
    return walker.fault(message, entry.place, frame)


def _mentions(_entry: Entry, name: str) -> Iterable[str]:
    return (name,)


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
    gather=_gather,
    evaluate=_evaluate,
    mentions=_mentions,
    word="customized",
    splices=True,
)
