"""Owns what a coordinator asks of a worker and what it hears back: plain data with one JSON form, in both directions.

An order names everything by digest or by content: it can be carried out where there is no checkout. `host_arch` is no
part of it: a native arm64 machine has another *plan* (other images, other edges), so the machine that is planned for is
a fact of planning, and a worker of another architecture carries out the same order or refuses it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from build_env.core.canonical import canonical_json, plain
from build_env.model.action import ImageRecipe  # noqa: TC001 - annotations are read when JSON is
from build_env.model.artifact import Artifact, Isolation
from build_env.model.command import Command, ImageBuild, Mount
from build_env.model.identity import TaskName
from build_env.model.room import RoomEntry, RoomOrder  # noqa: TC001 - as above

__all__ = ["Ended", "Outcome", "WorkOrder", "from_json", "to_json"]

_Kind = TypeVar("_Kind")


class Ended(StrEnum):
    """How an order ended. Only `FAILED` is a fact about the package; `TROUBLE` may pass, `NOT_READY` will not.

    `IMAGE_MISSING`: the engine of the worker has not the image that the room is made from; nothing was done.
    """

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    TROUBLE = "trouble"
    NOT_READY = "not-ready"
    IMAGE_MISSING = "image-missing"


@dataclass(frozen=True, kw_only=True)
class WorkOrder:
    """One task for a worker: to make an image (`recipe`, with its build `context`), a layer, or to run a room.

    `anew` makes an image or layer that is there already, `pulled` has a registry asked for the image's base again.
    `fetched` are the packages that a layer was made from before, by digest: with them it is made without network.
    """

    task: TaskName
    key: str
    recipe: ImageRecipe | None = None
    context: RoomEntry | None = None
    room: RoomOrder | None = None
    layer: bool = False
    fetched: tuple[RoomEntry, ...] = ()
    anew: bool = False
    pulled: bool = False

    @property
    def given_room(self) -> RoomOrder:
        """The room of an order that has one; for an order of an image, a defect, RuntimeError is raised."""
        if self.room is None:
            raise RuntimeError(f"the order of {self.task} has no room")
        return self.room


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of an order. `artifacts` are objects in the worker's store, `peak_memory` is in bytes (0: unknown).

    `status` is the exit status of the command that failed, 0 where none did. `key` and `inputs` are those of an image,
    which are known only when its base is there. `missing` is the engine's name of an image that is not there.
    """

    ended: Ended
    artifacts: tuple[Artifact, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    isolation: Isolation = Isolation.CONTINUED
    key: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    message: str = ""
    hint: str = ""
    peak_memory: int = 0
    missing: str = ""


def to_json(value: WorkOrder | Outcome) -> str:
    """The canonical JSON text, without a line end."""
    data = plain(value)
    if isinstance(value, WorkOrder):
        data["task"] = value.task._asdict()
    return canonical_json(data)


def from_json(kind: type[_Kind], text: str) -> _Kind:
    """The order or outcome that was written. Raises ValueError for any other text."""
    try:
        value: _Kind = _made(kind, json.loads(text))
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise ValueError(f"this is no {kind.__name__}: {error}") from error
    return value


def _made(kind: Any, data: Any) -> Any:  # noqa: ANN401, PLR0911 - annotations are of any kind, one line for each
    """`data` as a value of the annotation `kind`."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return None if data is None else _made(next(one for one in arguments if one is not type(None)), data)
    if origin is tuple:
        return tuple(_made(arguments[0], item) for item in data)
    if origin is Mapping:
        return {key: _made(arguments[1], item) for key, item in data.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind is TaskName:
        return TaskName(**data)
    if is_dataclass(kind):
        hints = get_type_hints(kind, localns=_NAMES)
        return kind(**{item.name: _made(hints[item.name], data[item.name]) for item in fields(kind)})  # type: ignore[operator]  # a class
    return data


# What annotations of the model say that are only read by type checkers.
_NAMES = {"Mapping": Mapping, "Command": Command, "ImageBuild": ImageBuild, "Mount": Mount}
