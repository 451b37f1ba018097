"""Owns `build-env manifest`: manifests compiled, checked, explained and formatted, and their directives. Parses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.errors import run_command
from build_env.cli.options import DEBUG, JSON
from build_env.cli.parser import new_app
from build_env.core.errors import UsageError
from build_env.core.later import imported_later
from build_env.core.suggest import did_you_mean

with imported_later():
    from build_env.cli import manifest_actions
    from build_env.inspect import manifest as inspect_manifest

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["manifest"]

_DUPLICATE = "duplicate-definition"
_ALL = "all"

manifest = new_app(help="Manifests: compile, check and explain them.", no_args_is_help=True)

FILE = Annotated[str, typer.Argument(help="The manifest; - is standard input.", metavar="FILE|-")]
WANTED = Annotated[str, typer.Option("--target", "-t", help="Compile what is below otk.target.NAME.", metavar="NAME")]
ARGUMENTS = Annotated[
    list[str] | None,
    typer.Option("--argument", "-A", help="The value of an otk.argument; repeatable.", metavar="NAME=VALUE"),
]
CUSTOMIZATIONS = Annotated[
    list[str] | None,
    typer.Option(
        "--customization",
        "-C",
        help="Data for an otk.customization, as YAML, from a file (@FILE) or standard input (-); repeatable.",
        metavar="NAME=DATA",
    ),
]
DEFINITIONS = Annotated[
    list[str] | None,
    typer.Option(
        "--define",
        "-D",
        help="A variable that is given from outside, as build-env gives target, arch, distro and release to "
        "definitions of packages; repeatable.",
        metavar="NAME=VALUE",
    ),
]
REDEFINE = Annotated[bool, typer.Option("--allow-redefine", help="A second definition wins, with a warning.")]
WARN = Annotated[
    list[str] | None,
    typer.Option("--warn", "-W", help="Make an error a warning: duplicate-definition, or all.", metavar="NAME"),
]
NO_EXTERNALS = Annotated[bool, typer.Option("--no-externals", help="Run no program; each otk.external is an error.")]


@manifest.command("compile")
def compile_command(
    context: typer.Context,
    file: FILE,
    target: WANTED = "",
    argument: ARGUMENTS = None,
    customization: CUSTOMIZATIONS = None,
    define: DEFINITIONS = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", help="Write to a file, at one stroke; missing directories are made.", metavar="FILE"
        ),
    ] = None,
    meta: Annotated[str, typer.Option("--meta", help="Print otk.meta.APP instead.", metavar="APP")] = "",
    form: Annotated[str, typer.Option("--format", help="json or yaml.", metavar="FORMAT")] = "json",
    allow_redefine: REDEFINE = False,
    warn: WARN = None,
    no_externals: NO_EXTERNALS = False,
    debug: DEBUG = False,
) -> None:
    """Print a manifest with all directives replaced."""

    def command() -> int:
        words = (argument, customization, define)
        asked = _asked([file], target, words, redefine=_redefine(allow_redefine, warn), externals=not no_externals)
        return manifest_actions.compile_to(asked, output, meta, form)

    context.exit(run_command(command, debug=debug))


@manifest.command("validate")
def validate(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(help="The manifests; - is standard input.", metavar="FILE…")],
    target: Annotated[
        str, typer.Option("--target", "-t", help="Check only what is below otk.target.NAME.", metavar="NAME")
    ] = "",
    argument: ARGUMENTS = None,
    customization: CUSTOMIZATIONS = None,
    define: DEFINITIONS = None,
    allow_redefine: REDEFINE = False,
    warn: WARN = None,
    no_externals: NO_EXTERNALS = False,
    debug: DEBUG = False,
) -> None:
    """Check all that compile checks, for all targets of all files, and print no data."""

    def command() -> int:
        words = (argument, customization, define)
        redefine = _redefine(allow_redefine, warn)
        return manifest_actions.validate_all(
            _asked(files, target, words, redefine=redefine, externals=not no_externals, output=False)
        )

    context.exit(run_command(command, debug=debug))


@manifest.command("explain")
def explain(
    context: typer.Context,
    file: FILE,
    path: Annotated[str, typer.Argument(help="A value of what compile prints: pipelines.0.name.")],
    target: WANTED = "",
    argument: ARGUMENTS = None,
    customization: CUSTOMIZATIONS = None,
    define: DEFINITIONS = None,
    allow_redefine: REDEFINE = False,
    warn: WARN = None,
    no_externals: NO_EXTERNALS = False,
    debug: DEBUG = False,
) -> None:
    """Say where a value came from: which define, through which includes, over what else."""

    def command() -> int:
        words = (argument, customization, define)
        asked = _asked([file], target, words, redefine=_redefine(allow_redefine, warn), externals=not no_externals)
        return manifest_actions.explain_path(asked, path)

    context.exit(run_command(command, debug=debug))


@manifest.command("format")
def format_command(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(help="YAML files, changed in place; - prints.", metavar="FILE…")],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when something would change.")] = False,
    debug: DEBUG = False,
) -> None:
    """Indent by two spaces, remove blanks at line ends, end lines with LF; comments, quotes and order stay."""
    context.exit(run_command(lambda: manifest_actions.format_all(files, check=check), debug=debug))


@manifest.command("directives")
def directives(
    context: typer.Context,
    as_json: JSON = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
    debug: DEBUG = False,
) -> None:
    """List all directives with what they take."""
    context.exit(run_command(lambda: manifest_actions.list_directives(as_json=as_json, markdown=markdown), debug=debug))


def _asked(
    files: Sequence[str],
    target: str,
    words: tuple[list[str] | None, list[str] | None, list[str] | None],
    *,
    redefine: bool,
    externals: bool,
    output: bool = True,
) -> inspect_manifest.Asked:
    """What is asked for; `words` are those of -A, -C and -D."""
    arguments, customizations, definitions = words
    return inspect_manifest.Asked(
        files=tuple(dict.fromkeys(files)),
        target=target,
        arguments=tuple(arguments or ()),
        customizations=tuple(customizations or ()),
        definitions=tuple(definitions or ()),
        allow_redefine=redefine,
        externals=externals,
        output=output,
    )


def _redefine(allowed: bool, warn: Sequence[str] | None) -> bool:
    for name in warn or ():
        if name not in {_DUPLICATE, _ALL}:
            raise UsageError(
                f"there is no warning {name}{did_you_mean(name, (_DUPLICATE, _ALL))}",
                hint=f"-W {_DUPLICATE}, or -W {_ALL}",
            )
    return allowed or bool(warn)
