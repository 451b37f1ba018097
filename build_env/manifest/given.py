"""Owns what the command line gives to a manifest, and whether the manifest asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from build_env.core.suggest import did_you_mean
from build_env.manifest.nodes import Node, Place, Scalar, Sequence, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame
    from build_env.manifest.sources import Sources

__all__ = ["Asked", "Customization", "check_given", "mentioned", "parsed"]

_LONGEST = 40


class Customization(NamedTuple):
    """A `-C name=data`; `source` is the file in which the data stands."""

    name: str
    text: str
    source: str = ""


@dataclass(kw_only=True)
class Asked:
    """What a manifest asks for, in all targets that were looked at; `complete` when every file could be read."""

    arguments: dict[str, tuple[Place, Frame]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)  # arguments of targets that are not compiled
    customizations: set[str] = field(default_factory=set)
    complete: bool = True


def parsed(customizations: Iterable[Customization], sources: Sources) -> dict[str, tuple[object, ...]]:
    """The data of each name; what is no YAML is reported and left out."""
    result: dict[str, tuple[object, ...]] = {}
    for name, text, source in customizations:
        shown = source or f"-C {name}"
        node = sources.data(shown, text)
        if node is None:
            continue
        result[name] = (*result.get(name, ()), plain(node) if text.strip() else None)
    return result


def check_given(
    faults: Faults,
    arguments: Iterable[tuple[str, str]],
    customizations: Iterable[Customization],
    asked: Asked,
) -> None:
    """Report what was not asked for, and what was asked for and not given."""
    seen = set[str]()
    for name, value in arguments:
        place = Place(f"-A {name}={value if len(value) <= _LONGEST else value[:_LONGEST] + '…'}", 0, 0)
        if name in seen:
            faults.add(f"the argument {name} is given twice", place)
        elif name not in asked.arguments and name not in asked.elsewhere and asked.complete:
            near = did_you_mean(name, asked.arguments)
            faults.add(f"the argument {name} is not declared by an otk.argument{near}", place)
        seen.add(name)
    missing = [name for name in asked.arguments if name not in seen]
    if missing:
        place, frame = asked.arguments[missing[0]]
        faults.add(f"arguments are missing: {', '.join(missing)}; give each with -A name=value", place, frame.chain)
    for name, _, _ in customizations:
        if name not in asked.customizations and asked.complete:
            near = did_you_mean(name, asked.customizations)
            faults.add(f"there is no otk.customization.{name}{near}", Place(f"-C {name}", 0, 0))


def mentioned(nodes: Iterable[Node]) -> tuple[set[str], set[str]]:
    """The arguments and customizations below nodes that are not compiled, as far as they can be seen there."""
    arguments, customizations = set[str](), set[str]()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Scalar) or not node.directives:
            continue
        if isinstance(node, Sequence):
            waiting.extend(node.items)
            continue
        for key, _, inner in node:
            waiting.append(inner)
            if key == "otk.argument" and isinstance(inner, Sequence):
                arguments.update(item.text for item in inner.items if isinstance(item, Scalar))
            elif key.startswith("otk.customization."):
                customizations.add(key.removeprefix("otk.customization."))
    return arguments, customizations
