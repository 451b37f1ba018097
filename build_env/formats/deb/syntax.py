"""Owns what dpkg refuses in a `deb/control`, with its place: found while planning, not after a build that took an hour.

It must not decide what the fields mean. What a substitution stands for is known only in the build.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.core.errors import Fault, Location
from build_env.core.machine import ALSO_CALLED
from build_env.core.shapes import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["SOURCE_NAMES", "faults_of"]

Line = tuple[int, str]  # number in the file, and text

_FIELD = re.compile(r"([!-9;-~]+):(.*)")  # of printable characters that are neither blank nor colon
# Source: Debian Policy 5.6.1, 5.6.7
SOURCE_NAMES = Text(words="a name of two or more small letters, digits and + . -", pattern=r"[a-z0-9][a-z0-9+.-]+")
_PACKAGE = re.compile(SOURCE_NAMES.pattern)
_BUILD = ("build-depends", "build-conflicts")
_RELATIONS = frozenset(
    (
        *(f"{field}{only}" for field in _BUILD for only in ("", "-arch", "-indep")),
        *(
            "pre-depends",
            "depends",
            "recommends",
            "suggests",
            "enhances",
            "breaks",
            "conflicts",
            "replaces",
            "provides",
        ),
    )
)
_RELATION = re.compile(
    r"""
    [A-Za-z0-9][A-Za-z0-9+.-]* (?: :[A-Za-z0-9][A-Za-z0-9-]* )?
    (?: \s* \( \s* (?: << | <= | = | >= | >> | < | > ) \s* [^\s()]+ \s* \) )?
    (?: \s* \[ [^\[\]]* \] )?
    (?: \s* < [^<>]* > )*
    """,
    re.VERBOSE,
)
_ITEM = re.compile(r"[^,|]+")
_SUBSTITUTION = "${"


def faults_of(paragraph: Sequence[Line], shown: str) -> list[Fault]:
    """What is wrong with a paragraph of the control file that is called `shown`; comments are no part of it."""
    return [
        Fault(message=message, location=Location(file=shown, line=line, column=column))
        for line, column, message in _wrong(paragraph)
    ]


def _wrong(paragraph: Sequence[Line]) -> Iterator[tuple[int, int, str]]:
    """Each fault with its line and column."""
    first: dict[str, int] = {}
    value: list[Line] = []  # of the relations at hand: blanks stand for the name, so that columns are right
    for number, text in paragraph:
        if text[0] in " \t":
            value += [(number, text)] if value else []
            continue
        yield from _wrong_relations(value)
        value = []
        field = _FIELD.match(text)
        if not field:
            yield number, 1, "this is no field: its name and a colon must come first"
            continue
        name, said = field[1].lower(), field[2].strip()
        if name in first:
            yield number, 1, f"the field {field[1]} stands in line {first[name]} already"
        first.setdefault(name, number)
        if name == "package" and not _PACKAGE.fullmatch(said):
            yield number, field.start(2) + 2, f"{said!r} cannot be the name of a package"
        if name == "architecture":
            for word in re.finditer(r"\S+", field[2]):
                known = ALSO_CALLED.get(word[0], word[0])
                if known != word[0]:
                    yield number, field.start(2) + word.start() + 1, f"dpkg knows no {word[0]}: {known} is meant"
        if name in _RELATIONS:
            value = [(number, " " * field.start(2) + field[2])]
    yield from _wrong_relations(value)


def _wrong_relations(value: Sequence[Line]) -> Iterator[tuple[int, int, str]]:
    """The first wrong one of a field, if any. A relation may go on in the next line."""
    whole = "\n".join(text for _, text in value)
    for item in _ITEM.finditer(whole):
        words = item[0].strip()
        if not words or _SUBSTITUTION in words or _RELATION.fullmatch(words):
            continue
        begin = item.start() + len(item[0]) - len(item[0].lstrip())
        line, column = whole.count("\n", 0, begin), begin - whole.rfind("\n", 0, begin)
        shown = " ".join(words.split())
        yield value[line][0], column, f"dpkg reads no relation in {shown!r}: NAME (>= VERSION) [ARCH] <PROFILE>"
        return  # to find a place takes as long as the field is: with a thousand wrong ones that would be quadratic
