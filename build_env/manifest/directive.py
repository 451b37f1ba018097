"""Owns what a directive is: everything the language knows about it. The directives are in `directives/`.

The walker asks each for what it does: `gather` before anything is evaluated, `evaluate` when its value is used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from build_env.manifest.frames import Frame
    from build_env.manifest.nodes import Entry, Node
    from build_env.manifest.walker import Walker

__all__ = ["PREFIX", "Absent", "Declaration", "Directive", "Form", "Role", "Step", "TooMuch", "Visit", "drive"]

PREFIX = "otk."
# An evaluation: it yields those that it needs, is sent their values, and returns its own.
Step: TypeAlias = Generator[object, object, object]


class TooMuch(Exception):
    """A limit of the compile is reached: it ends, with a fault of this message, place and chain of includes."""


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


@dataclass(slots=True)
class Visit:
    """A node to gather from: `top` of a file that is at the top of the manifest; `file_top` of any file."""

    node: Node
    frame: Frame
    top: bool = False
    file_top: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """A name that a directive declares to the world outside of the manifest, and where."""

    name: str
    entry: Entry
    frame: Frame


@dataclass(frozen=True, kw_only=True, eq=False)
class Directive:
    """One directive. `summary`, `value` and `example` are what the documentation says.

    `gather` takes note of what an entry defines, declares or includes, before anything is evaluated, and gives what is
    to be looked at next; without it that is the entry's value. `evaluate` gives the data that the entry stands for.
    Both get what follows the directive's name. `mentions` are the names that the command line may give because of an
    entry, also of one in a target that is not compiled. `word` says in `explain` what the directive did to a value;
    without one it is not told. `splices`: a sequence that it gives as an item of a sequence gives its items to that.
    """

    name: str
    form: Form
    role: Role
    summary: str
    value: str
    example: str
    gather: Callable[[Walker, Visit, Entry, str], Iterable[Visit]] | None = None
    evaluate: Callable[[Walker, Entry, str, Frame], Step] | None = None
    mentions: Callable[[Entry, str], Iterable[str]] | None = None
    word: str = ""
    splices: bool = False


def drive(step: Step) -> object:
    """Run an evaluation and everything it asks for.

    They are kept on a list, so that depth costs memory and no stack: neither Python's limit of recursion nor the size
    of a thread's stack ends a chain of includes or variables.
    """
    waiting = [step]
    answer: object = None
    while waiting:
        try:
            needed = waiting[-1].send(answer)
        except StopIteration as done:
            waiting.pop()
            answer = done.value
        else:
            waiting.append(needed)  # type: ignore[arg-type]  # what is yielded is an evaluation
            answer = None
    return answer
