"""Owns what dependencies of RPM say, as rpm writes them: names, versions, and conditions in brackets. Pure."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from build_env.core.machine import MACHINE_TO_DEBIAN
from build_env.model.package import Alternative

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from build_env.model.package import Need

__all__ = ["build_depends_in", "debian_architecture", "needs_in"]

_COMPARED = frozenset({"<", "<=", "=", ">=", ">", "=="})
_CONDITIONS = frozenset({"if", "unless"})
_OPERATORS = frozenset({"and", "or", "else", "with", "without", *_CONDITIONS})
_IF_ARCH, _END, _TAG = "%ifarch ", "%endif", "BuildRequires:"


def needs_in(lines: Iterable[str]) -> tuple[Need, ...]:
    """What dependencies ask for, one in a line."""
    return tuple(need for line in lines if line.strip() for need in _needs(line.strip()))


def build_depends_in(spec: str) -> tuple[Need, ...]:
    """What the dependency set, given as text, asks for: BuildRequires, some behind `%ifarch`."""
    found: dict[Need, None] = {}
    architectures: frozenset[str] | None = None
    for line in spec.splitlines():
        if line.startswith(_IF_ARCH):
            architectures = frozenset(map(debian_architecture, line.removeprefix(_IF_ARCH).split()))
        elif line.startswith(_END):
            architectures = None
        elif line.startswith(_TAG):
            for need in needs_in([line.removeprefix(_TAG)]):
                found[tuple(wanted._replace(architectures=architectures) for wanted in need)] = None
    return tuple(found)


def debian_architecture(name: str) -> str:
    """The Debian name of an architecture of RPM; empty for packages of every architecture."""
    if name == "noarch":
        return ""
    return "armhf" if name == "armv7hl" else MACHINE_TO_DEBIAN.get(name, name)


def _needs(text: str) -> list[Need]:
    if not text.startswith("("):
        return [(Alternative(text.split(maxsplit=1)[0]),)]
    words = list(_words(text[1:-1]))
    operators = [word for word in words if word in _OPERATORS]
    operands = [need for word in _operands(words) for need in [_needs(word)] if need]
    if not operands:
        return []
    match operators[:1]:
        case ["or"]:
            compared = {name for name, word in pairwise(words) if word in _COMPARED}
            ways = (wanted for needs in operands for wanted in needs[0])
            return [tuple(wanted._replace(versioned=wanted.name in compared) for wanted in ways)]
        case [word] if word in _CONDITIONS:
            # Needed only where something else is installed, which is not known: it may be left out.
            return [(Alternative(text), *need) for need in operands[0]]
        case ["without"]:
            return operands[0]
        case _:
            return [need for needs in operands for need in needs]


def _words(text: str) -> Iterator[str]:
    """The words of a condition; what stands in brackets is one, also behind a name."""
    word, depth = "", 0
    for letter in f"{text} ":
        if letter == " " and not depth:
            if word:
                yield word
            word = ""
        else:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            word += letter


def _operands(words: Iterable[str]) -> Iterator[str]:
    """The words without operators and versions."""
    version = False
    for word in words:
        if word in _COMPARED:
            version = True
        elif version:
            version = False
        elif word not in _OPERATORS:
            yield word
