"""Owns `build-env manifest`: manifests compiled, checked, explained and formatted, and their directives. Parses."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from build_env.cli.options import JSON
from build_env.cli.parser import new_app, with_options
from build_env.core.later import imported_later
from build_env.core.suggest import mistyped
from build_env.model.options import ManifestOptions

with imported_later():
    from build_env.cli import manifest_actions

__all__ = ["manifest"]

_DUPLICATE = "duplicate-definition"
_ALL = "all"

manifest = new_app(help="Manifests: compile, check and explain them.", no_args_is_help=True)

FILE = Annotated[str, typer.Argument(help="The manifest; - is standard input.", metavar="FILE|-")]


@with_options
def compiling(
    target: Annotated[
        str, typer.Option("--target", "-t", help="Only what is below otk.target.NAME.", metavar="NAME")
    ] = "",
    argument: Annotated[
        list[str] | None,
        typer.Option("--argument", "-A", help="The value of an otk.argument; repeatable.", metavar="NAME=VALUE"),
    ] = None,
    customization: Annotated[
        list[str] | None,
        typer.Option(
            "--customization",
            "-C",
            help="Data for an otk.customization, as YAML, from a file (@FILE) or standard input (-); repeatable.",
            metavar="NAME=DATA",
        ),
    ] = None,
    define: Annotated[
        list[str] | None,
        typer.Option(
            "--define",
            "-D",
            help="A variable that is given from outside, as build-env gives target, arch, distro and release to "
            "definitions of packages; repeatable.",
            metavar="NAME=VALUE",
        ),
    ] = None,
    allow_redefine: Annotated[
        bool, typer.Option("--allow-redefine", help="A second definition wins, with a warning.")
    ] = False,
    warn: Annotated[
        list[str] | None,
        typer.Option("--warn", "-W", help="Make an error a warning: duplicate-definition, or all.", metavar="NAME"),
    ] = None,
    no_externals: Annotated[
        bool, typer.Option("--no-externals", help="Run no program; each otk.external is an error.")
    ] = False,
) -> ManifestOptions:
    """What the commands that compile are asked for, but for the files."""
    for name in warn or ():
        if name not in {_DUPLICATE, _ALL}:
            hint = f"-W {_DUPLICATE}, or -W {_ALL}"
            raise mistyped(f"there is no warning {name}", name, (_DUPLICATE, _ALL), hint=hint)
    return ManifestOptions(
        target=target,
        arguments=tuple(argument or ()),
        customizations=tuple(customization or ()),
        definitions=tuple(define or ()),
        allow_redefine=allow_redefine or bool(warn),
        externals=not no_externals,
    )


@manifest.command("compile")
@compiling
def compile_command(
    asked: ManifestOptions,
    *,
    file: FILE,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="Write to a file, at one stroke; missing directories are made.", metavar="FILE"
        ),
    ] = None,
    meta: Annotated[str, typer.Option("--meta", help="Print otk.meta.APP instead.", metavar="APP")] = "",
    form: Annotated[str, typer.Option("--format", help="json or yaml.", metavar="FORMAT")] = "json",
) -> int:
    """Print a manifest with all directives replaced."""
    return manifest_actions.compile_to(replace(asked, files=(file,)), output, meta, form)


@manifest.command("validate")
@compiling
def validate(
    asked: ManifestOptions,
    *,
    files: Annotated[list[str], typer.Argument(help="The manifests; - is standard input.", metavar="FILE…")],
) -> int:
    """Check all that compile checks, for all targets of all files, and print no data."""
    return manifest_actions.validate_all(replace(asked, files=tuple(dict.fromkeys(files)), output=False))


@manifest.command("explain")
@compiling
def explain(
    asked: ManifestOptions,
    *,
    file: FILE,
    path: Annotated[str, typer.Argument(help="A value of what compile prints: pipelines.0.name.")],
) -> int:
    """Say where a value came from: which define, through which includes, over what else."""
    return manifest_actions.explain_path(replace(asked, files=(file,)), path)


@manifest.command("format")
def format_command(
    files: Annotated[list[str], typer.Argument(help="YAML files, changed in place; - prints.", metavar="FILE…")],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when something would change.")] = False,
) -> int:
    """Indent by two spaces, remove blanks at line ends, end lines with LF; comments, quotes and order stay."""
    return manifest_actions.format_all(files, check=check)


@manifest.command("directives")
def directives(
    as_json: JSON = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
) -> int:
    """List all directives with what they take."""
    return manifest_actions.list_directives(as_json=as_json, markdown=markdown)
