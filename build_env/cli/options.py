"""Owns the options that commands share, so that they are called and explained the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from build_env.cli.parser import with_options
from build_env.cli.words import architecture_list, comma_list
from build_env.core.later import imported_later
from build_env.model.attempt import Narrowing
from build_env.model.choices import ARCH, INDEP, Choices
from build_env.model.options import BuildOptions, check_choice
from build_env.model.task import Stage

with imported_later():
    from build_env.packages import choices

__all__ = ["ARCHITECTURES", "CHOICES", "JSON", "ROOT", "TARGET", "looking_ahead", "narrowed", "taken_choices"]

ROOT = Annotated[Path | None, typer.Option("--root", help="The project root.", metavar="DIRECTORY")]
JSON = Annotated[bool, typer.Option("--json", help="Print JSON.")]
TARGET = Annotated[
    str, typer.Option("--target", "--docker", "-d", help="The target, or a part of its name.", metavar="NAME")
]
ARCHITECTURES = Annotated[
    list[str] | None,
    typer.Option("--arch", "-a", help="Architectures, comma separated or repeated.", metavar="ARCH"),
]
_CHOSEN = "How the packages that are named are built"
# What can be chosen about builds, by the words of definitions; as parameters they end with `_`, as some are Python's.
CHOICES = {
    "profiles": typer.Option(
        "--profiles",
        help="Build profiles of Debian, comma separated or repeated: nocheck,nodoc.",
        metavar="NAME",
        rich_help_panel=_CHOSEN,
    ),
    "options": typer.Option(
        "--build-options",
        help="Words for DEB_BUILD_OPTIONS, comma separated or repeated: nostrip,noopt.",
        metavar="WORD",
        rich_help_panel=_CHOSEN,
    ),
    "with": typer.Option("--with", help="Conditionals of specs that hold.", metavar="NAME", rich_help_panel=_CHOSEN),
    "without": typer.Option(
        "--without", help="Conditionals that do not hold.", metavar="NAME", rich_help_panel=_CHOSEN
    ),
    "define": typer.Option(
        "--define", help="A macro for specs; can be repeated.", metavar="'NAME VALUE'", rich_help_panel=_CHOSEN
    ),
    "only": typer.Option(
        "--only",
        help="arch: no packages of every architecture; indep: nothing but these.",
        metavar="PART",
        rich_help_panel=_CHOSEN,
    ),
}


def taken_choices(given: dict[str, Any]) -> Choices:
    """The choices among the parsed options, which are taken out of `given`.

    Raises:
        UsageError: one of them cannot be meant.

    """
    values = {word: given.pop(f"{word}_", None) for word in CHOICES}
    if not any(values.values()):
        return Choices()
    lists = {word: list(comma_list(value)) for word, value in values.items() if isinstance(value, list)}
    check_choice("--only", values["only"] or "", (ARCH, INDEP))
    whole = {"define": values["define"] or [], "only": values["only"] or ""}  # a macro's value may have commas
    return choices.choices_asked({**lists, **whole})


@with_options
def looking_ahead(
    packages: Annotated[list[str] | None, typer.Argument(help="Packages; none: all.", metavar="PACKAGES")] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            "--docker",
            "-d",
            help="Targets, or parts of their names, comma separated or repeated, or all.",
            metavar="NAME",
        ),
    ] = None,
    arch: ARCHITECTURES = None,
    engine: Annotated[str, typer.Option("--engine", help="docker or native.", metavar="ENGINE")] = "",
    profiles_: Annotated[list[str] | None, CHOICES["profiles"]] = None,
    options_: Annotated[list[str] | None, CHOICES["options"]] = None,
    with_: Annotated[list[str] | None, CHOICES["with"]] = None,
    without_: Annotated[list[str] | None, CHOICES["without"]] = None,
    define_: Annotated[list[str] | None, CHOICES["define"]] = None,
    only_: Annotated[str, CHOICES["only"]] = "",
    root: ROOT = None,
) -> BuildOptions:
    """What the commands that look ahead ask for; they run nothing."""
    return BuildOptions(
        packages=tuple(packages or ()),
        targets=comma_list(target or ()),
        architectures=architecture_list(arch or ()),
        engine=engine,
        choices=taken_choices(
            {
                "profiles_": profiles_,
                "options_": options_,
                "with_": with_,
                "without_": without_,
                "define_": define_,
                "only_": only_,
            }
        ),
        root=root,
        dry_run=True,
    )


@with_options
def narrowed(
    target: TARGET = "",
    arch: ARCHITECTURES = None,
    stage: Annotated[str, typer.Option("--stage", help="source, build, verify, …", metavar="STAGE")] = "",
) -> Narrowing:
    """Which of the recorded tasks the commands that look back ask for."""
    check_choice("--stage", stage, tuple(Stage))
    return Narrowing(target=target, architectures=architecture_list(arch or ()), stage=stage)
