"""Owns how choices about builds are written, in definitions and on the command line: the table of them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.core.errors import UsageError
from build_env.core.schema import fitted
from build_env.core.shapes import Field, Fields, Items, Text
from build_env.model.choices import ARCH, INDEP, NAMES, Choices

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHOICES", "choices_asked", "choices_in"]

_CONDITIONAL = Text(words="the name of a conditional", pattern="[A-Za-z0-9_+-]+")
CHOICES = Fields(
    fields={
        "profiles": Field(
            shape=Items(each=Text(words="a build profile, nocheck for example", pattern="[a-z0-9][a-z0-9.+-]*")),
            summary="build profiles of Debian that are in force",
            default=[],
        ),
        "options": Field(
            shape=Items(
                each=Text(
                    words="a word for DEB_BUILD_OPTIONS (parallel comes from the setting build_jobs)",
                    pattern="(?!parallel(=|$))[a-z][a-z0-9_=+./-]*",
                )
            ),
            summary="words that DEB_BUILD_OPTIONS gets",
            default=[],
        ),
        "with": Field(shape=Items(each=_CONDITIONAL), summary="conditionals of a spec file that hold", default=[]),
        "without": Field(shape=Items(each=_CONDITIONAL), summary="such that do not hold", default=[]),
        "define": Field(
            shape=Items(
                each=Text(
                    words="the name of a macro (three letters or more), a blank, and what it is",
                    pattern="[A-Za-z_][A-Za-z0-9_]{2,} [^\\u0000-\\u001f\\u007f]+",
                )
            ),
            summary="macros that spec files see: NAME VALUE",
            default=[],
        ),
        "only": Field(
            shape=Text(choices=(ARCH, INDEP), blank=True),
            summary="`arch`: no packages of every architecture; `indep`: nothing but these",
            default="",
        ),
    }
)


def choices_in(fields: Mapping[str, object]) -> Choices:
    """The choices in a map that fits the table."""
    return Choices(**{name: _value(fields.get(word)) for name, word in NAMES.items()})  # type: ignore[arg-type]  # a table


def choices_asked(given: Mapping[str, object]) -> Choices:
    """The choices of a command line, by the words of the table.

    Raises:
        UsageError: one of them cannot be meant.

    """
    fields, misfits = fitted(CHOICES, given)
    if misfits:
        first = misfits[0]
        option = {"options": "build-options"}.get(str(first.path[0]), first.path[0])
        raise UsageError(f"--{option}: {first.message}")
    return choices_in(fields if isinstance(fields, dict) else {})


def _value(value: object) -> str | tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else str(value or "")
