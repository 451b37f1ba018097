"""Owns how two builds of one package are compared on paper: what the rooms differ in, a line per artifact. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.visible import printable
from build_env.schedule.reproduce import DIFFERENT, EXPECTED, ONE_ONLY, SAME
from build_env.ui.words import count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from build_env.formats.compare import Difference
    from build_env.schedule.reproduce import Compared, Rehearsal

__all__ = ["reproduction_lines"]

_MARGIN = "        "
_WORDS = {SAME: "same", DIFFERENT: "DIFF", EXPECTED: "may", ONE_ONLY: "DIFF"}
_SHORT = 12


def reproduction_lines(package: str, rehearsals: Sequence[Rehearsal]) -> list[str]:
    """The whole report."""
    lines = []
    shown: list[str] = []
    for rehearsal in rehearsals:
        rooms = list(_rooms(rehearsal))
        lines += rooms if rooms != shown else []
        shown = rooms
        lines.append(f"task    {rehearsal.label}")
        for artifact in rehearsal.artifacts:
            lines += _artifact(artifact)
    return [*lines, _verdict(package, [item for rehearsal in rehearsals for item in rehearsal.artifacts])]


def _rooms(rehearsal: Rehearsal) -> Iterator[str]:
    width = max(len(fact.first) for fact in rehearsal.facts)
    yield "rooms   built twice, in rooms that differ in"
    for fact in rehearsal.facts:
        same = fact.first == fact.second
        second = "(the same: it cannot be varied here)" if same else fact.second
        yield f"{_MARGIN}{fact.name:<12}{fact.first:<{width}}  {second}"


def _artifact(artifact: Compared) -> Iterator[str]:
    word = _WORDS[artifact.verdict]
    if artifact.verdict == SAME:
        yield f"  {word:<6}{artifact.name}  {artifact.first[:_SHORT]}"
    elif artifact.verdict == EXPECTED:
        yield f"  {word:<6}{artifact.name}  differs, as it tells of the build"
    elif artifact.verdict == ONE_ONLY:
        yield f"  {word:<6}{artifact.name}  made in the {'first' if artifact.first else 'second'} room only"
    else:
        yield f"  {word:<6}{artifact.name}  {artifact.first[:_SHORT]} and {artifact.second[:_SHORT]}"
        if artifact.difference:
            yield from _difference(artifact.difference)


def _difference(difference: Difference) -> Iterator[str]:
    where = ": ".join((*difference.path, difference.what))
    yield f"{_MARGIN}{printable(where)}"
    if difference.first or difference.second:
        yield f"{_MARGIN}  first   {printable(difference.first)}"
        yield f"{_MARGIN}  second  {printable(difference.second)}"


def _verdict(package: str, artifacts: Sequence[Compared]) -> str:
    counted = [item for item in artifacts if item.verdict != EXPECTED]
    wrong = [item for item in counted if item.verdict != SAME]
    others = len(counted) < len(artifacts)
    if wrong:
        verb = "differs" if len(wrong) == 1 else "differ"
        told = f"{len(wrong)} of {count(len(counted), 'artifact')} {verb}"
        besides = "; what tells of the build differs, too" if others else ""
        return f"failed  {package} is not reproducible: {told}{besides}"
    besides = "; only what tells of the build differs" if others else ""
    return f"done    {package} is reproducible: {count(len(counted), 'artifact')} came out the same{besides}"
