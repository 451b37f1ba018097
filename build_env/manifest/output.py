"""Owns what a target prints: a map, with the version that osbuild wants, and nothing beside it that would be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.manifest.directive import Absent
from build_env.manifest.nodes import Mapping, Node, Place
from build_env.manifest.registry import PREFIX

if TYPE_CHECKING:
    from build_env.core.errors import Location
    from build_env.manifest.evaluate import Evaluation
    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame
    from build_env.manifest.gather import Found
    from build_env.manifest.provenance import Origin

__all__ = ["added_origins", "check_beside", "finished"]

_OSBUILD = "osbuild"


def finished(faults: Faults, result: object, app: str, target: Found) -> object:
    """The data of a target as it is printed; POISON after a fault."""
    entry, chain = target.entry, target.frame.chain
    if result is Absent.REMOVED:
        result = {}
    if not isinstance(result, dict):
        if not isinstance(result, Absent):
            faults.add(f"{entry.key} must give a map", entry.place, chain)
        return Absent.POISON
    if app != _OSBUILD:
        return result
    if "version" in result:
        inside = [one.place for one in entry.node if one.key == "version"] if isinstance(entry.node, Mapping) else []
        said = f'{entry.key} must not have a version: build-env adds "version": "2"'
        faults.add(said, inside[0] if inside else entry.place, chain)
    return {**result, "version": "2"}


def added_origins(app: str, target: Found) -> dict[str, tuple[Origin, ...]]:
    """Where that comes from which only the output has."""
    from build_env.manifest.provenance import Origin  # noqa: PLC0415 - only what is explained needs it

    place, chain = target.entry.place.location, target.frame.chain
    return {"version": (Origin(kind="added", place=place, chain=chain),)} if app == _OSBUILD else {}


def check_beside(evaluation: Evaluation, tree: object, root: Node, frame: Frame) -> None:
    """Report the data that stands beside targets."""
    if isinstance(tree, Absent) or tree == {}:
        return
    place, chain = _first_data(evaluation, root, frame)
    said = "data stands beside targets, and would be lost"
    if isinstance(tree, dict):
        said = f"top-level keys beside the targets, which would be lost: {', '.join(tree)}"
    evaluation.faults.add(said, place, chain)


def _first_data(evaluation: Evaluation, node: Node, frame: Frame) -> tuple[Place, tuple[Location, ...]]:
    """Where the first data of a map stands that is more than directives, also in what it includes."""
    place = node.place
    waiting = [(node, frame)]
    while waiting:
        one, within = waiting.pop()
        if not isinstance(one, Mapping):
            return one.place, within.chain
        data = next((entry.place for entry in one if not entry.key.startswith(PREFIX)), None)
        if data is not None:
            return data, within.chain
        inner = [evaluation.inclusions.get((id(entry.node), within)) for entry in one]
        waiting.extend(found for found in reversed(inner) if found is not None)
        place = next((entry.place for entry in one if entry.key.startswith(PREFIX + "op.")), place)
    return place, frame.chain
