"""Owns what a directive is: its words for people, and how it is evaluated. The directives are in `directives/`."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping as Data

    from build_env.core.errors import Location
    from build_env.manifest.faults import Faults
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node, Place

__all__ = ["Absent", "Directive", "Engine", "Form", "Role", "Step", "TooMuch"]

Step: TypeAlias = Generator[object, object, object]


class TooMuch(Exception):
    """A limit of the compile is reached: it ends, with this as a fault."""

    def __init__(self, message: str, place: Place, chain: tuple[Location, ...]) -> None:
        """Keep the place."""
        super().__init__(message)
        self.message = message
        self.place = place
        self.chain = chain


class Absent(Enum):
    """What an evaluation gives instead of data."""

    POISON = "a fault was reported: whatever uses this stays silent"
    REMOVED = "nothing is left here: the entry or item goes"


class Form(StrEnum):
    """What may follow the name of a directive."""

    ALONE = "alone"
    TAG = "tag"
    NAMED = "named"


class Role(StrEnum):
    """What a directive leaves in the map where it stands."""

    SILENT = "silent"  # nothing: the entry goes, the rest of the map stays
    MERGED = "merged"  # its content, with the rest of the map
    REPLACED = "replaced"  # its result instead of the map, so nothing else may stand there


class Engine(Protocol):
    """What a directive may ask of the evaluation."""

    faults: Faults
    customizations: Data[str, tuple[object, ...]]

    def value(self, node: Node, frame: Frame) -> Step:
        """Evaluate a node."""

    def lookup(self, name: str, place: Place, frame: Frame, *, optional: bool = False) -> Step:
        """The value of a variable; POISON after a fault. REMOVED for one that is `optional` and not there."""

    def bound(self, frame: Frame, name: str, index: int) -> Frame:
        """`frame` with `this` bound to one input of a customization."""

    def included(self, entry: Entry, frame: Frame) -> tuple[Node, Frame] | None:
        """What the gathering found behind an include."""

    def external(self, name: str, tree: object, entry: Entry, frame: Frame) -> Step:
        """The result of a program."""

    def spend(self, count: int, place: Place, frame: Frame) -> None:
        """Count values that are made anew; raises TooMuch."""


@dataclass(frozen=True, kw_only=True)
class Directive:
    """One directive: `value`, `summary` and `example` are what the documentation says."""

    name: str
    form: Form
    role: Role
    summary: str
    value: str
    example: str
    evaluate: Callable[[Engine, Entry, str, Frame], Step] | None = None
