"""Owns `build-env manifest`: manifests compiled, checked, explained and formatted, and their directives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from build_env.cli.errors import run_command
from build_env.cli.options import DEBUG, JSON
from build_env.cli.parser import new_app

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from build_env.app.manifest import Asked
    from build_env.core.errors import Fault

__all__ = ["register"]

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
REDEFINE = Annotated[bool, typer.Option("--allow-redefine", help="A second definition wins, with a warning.")]
WARN = Annotated[
    list[str] | None,
    typer.Option("--warn", "-W", help="Make an error a warning: duplicate-definition, or all.", metavar="NAME"),
]
NO_EXTERNALS = Annotated[bool, typer.Option("--no-externals", help="Run no program; each otk.external is an error.")]


def register(app: typer.Typer) -> None:
    """Add the group to `build-env`."""
    app.add_typer(manifest, name="manifest")


@manifest.command("compile")
def compile_command(
    context: typer.Context,
    file: FILE,
    target: WANTED = "",
    argument: ARGUMENTS = None,
    customization: CUSTOMIZATIONS = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to a file, at one stroke.", metavar="FILE")
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
        asked = _asked(file, target, argument, customization, redefine=_redefine(allow_redefine, warn))
        return _compile(_without_externals(asked, no_externals), output, meta, form)

    context.exit(run_command(command, debug=debug))


@manifest.command("validate")
def validate(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(help="Manifests; - is standard input.", metavar="FILE…")],
    argument: ARGUMENTS = None,
    customization: CUSTOMIZATIONS = None,
    allow_redefine: REDEFINE = False,
    warn: WARN = None,
    no_externals: NO_EXTERNALS = False,
    debug: DEBUG = False,
) -> None:
    """Check all that compile checks, for all targets, and print no data. Every file is checked, whatever is wrong."""

    def command() -> int:
        redefine = _redefine(allow_redefine, warn)
        asked = [
            _asked(file, "", argument, customization, redefine=redefine, output=False) for file in dict.fromkeys(files)
        ]
        return _validate([_without_externals(one, no_externals) for one in asked])

    context.exit(run_command(command, debug=debug))


@manifest.command("explain")
def explain(
    context: typer.Context,
    file: FILE,
    path: Annotated[str, typer.Argument(help="A value of what compile prints: pipelines.0.name.")],
    target: WANTED = "",
    argument: ARGUMENTS = None,
    customization: CUSTOMIZATIONS = None,
    allow_redefine: REDEFINE = False,
    no_externals: NO_EXTERNALS = False,
    debug: DEBUG = False,
) -> None:
    """Say where a value came from: which define, through which includes, over what else."""

    def command() -> int:
        asked = _asked(file, target, argument, customization, redefine=allow_redefine)
        return _explain(_without_externals(asked, no_externals), path)

    context.exit(run_command(command, debug=debug))


@manifest.command("format")
def format_command(
    context: typer.Context,
    files: Annotated[list[str], typer.Argument(help="YAML files, changed in place; - prints.", metavar="FILE…")],
    check: Annotated[bool, typer.Option("--check", help="Change nothing; fail when something would change.")] = False,
    debug: DEBUG = False,
) -> None:
    """Indent by two spaces and remove blanks at line ends; comments, quotes and order stay."""
    context.exit(run_command(lambda: _format(files, check=check), debug=debug))


@manifest.command("directives")
def directives(
    context: typer.Context,
    as_json: JSON = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
    debug: DEBUG = False,
) -> None:
    """List all directives with what they take."""
    context.exit(run_command(lambda: _directives(as_json=as_json, markdown=markdown), debug=debug))


def _asked(
    file: str,
    target: str,
    arguments: Sequence[str] | None,
    customizations: Sequence[str] | None,
    *,
    redefine: bool,
    output: bool = True,
) -> Asked:
    from build_env.app.manifest import Asked  # noqa: PLC0415 - `--help` starts fast

    return Asked(
        file=file,
        target=target,
        arguments=tuple(arguments or ()),
        customizations=tuple(customizations or ()),
        allow_redefine=redefine,
        output=output,
    )


def _without_externals(asked: Asked, without: bool) -> Asked:
    from dataclasses import replace  # noqa: PLC0415 - with the module of Asked

    return replace(asked, externals=not without)


def _redefine(allowed: bool, warn: Sequence[str] | None) -> bool:
    from build_env.core.errors import UsageError  # noqa: PLC0415
    from build_env.core.suggest import did_you_mean  # noqa: PLC0415

    for name in warn or ():
        if name not in {_DUPLICATE, _ALL}:
            raise UsageError(
                f"there is no warning {name}{did_you_mean(name, (_DUPLICATE, _ALL))}",
                hint=f"-W {_DUPLICATE}, or -W {_ALL}",
            )
    return allowed or bool(warn)


def _compile(asked: Asked, output: Path | None, meta: str, form: str) -> int:
    from build_env.app.manifest import STANDARD_INPUT, compile_asked, output_bytes  # noqa: PLC0415
    from build_env.core.errors import UsageError  # noqa: PLC0415
    from build_env.core.suggest import did_you_mean  # noqa: PLC0415
    from build_env.manifest.render import FORMATS, render  # noqa: PLC0415

    if form not in FORMATS:
        raise UsageError(f"there is no format {form}{did_you_mean(form, FORMATS)}", hint="--format json, or yaml")
    compiled = compile_asked(asked, _tell)
    tree = compiled.tree
    if meta:
        if meta not in compiled.meta:
            known = ", ".join(compiled.meta) or "none"
            raise UsageError(
                f"there is no otk.meta.{meta}{did_you_mean(meta, compiled.meta)}", hint=f"the manifest has {known}"
            )
        tree = compiled.meta[meta]
    text = render(tree, form)
    _warn(compiled.warnings)
    if output is None or str(output) == STANDARD_INPUT:
        sys.stdout.flush()
        sys.stdout.buffer.write(output_bytes(text))
        sys.stdout.buffer.flush()
    else:
        _write(output, text)
    return 0


def _write(path: Path, text: str) -> None:
    """Replace the file at one stroke; a device or a pipe is written to."""
    from build_env.app.manifest import output_bytes  # noqa: PLC0415
    from build_env.ui.files import write_whole  # noqa: PLC0415

    if path.exists() and not path.is_file() and not path.is_dir():
        path.write_bytes(output_bytes(text))
    else:
        write_whole(path.resolve(), text, "--output")


def _validate(asked: Sequence[Asked]) -> int:
    from build_env.app.manifest import STANDARD_INPUT, compile_asked  # noqa: PLC0415
    from build_env.core.errors import Fault, InputError, UsageError  # noqa: PLC0415
    from build_env.manifest.faults import ManifestError  # noqa: PLC0415

    data = [word.partition("=")[2] for word in asked[0].customizations]
    if len(asked) > 1 and STANDARD_INPUT in data:
        raise UsageError("standard input can be read once, for one file", hint="use -C name=@file")
    failed: list[InputError] = []
    for one in asked:
        try:
            compiled = compile_asked(one, _tell)
        except InputError as error:
            failed.append(error)
            continue
        _warn(compiled.warnings)
        targets = f", for {', '.join(compiled.targets)}" if compiled.targets else ""
        files = len(compiled.files)
        _say(f"ok      {one.file}: {files} file{'s' * (files != 1)}{targets}")
    if len(failed) > 1:
        faults = [error.faults or (Fault(message=error.message, location=error.location),) for error in failed]
        raise ManifestError(
            f"{len(failed)} files cannot be compiled", faults=tuple(one for some in faults for one in some)
        )
    if failed:
        raise failed[0]
    return 0


def _explain(asked: Asked, path: str) -> int:
    from build_env.app.manifest import compile_asked  # noqa: PLC0415
    from build_env.manifest.explain import explain_value  # noqa: PLC0415

    _say("\n".join(explain_value(compile_asked(asked, _tell, explained=True), path)))
    return 0


def _format(files: Sequence[str], *, check: bool) -> int:
    from build_env.app.manifest import STANDARD_INPUT, output_bytes, read_input  # noqa: PLC0415
    from build_env.manifest.format import formatted  # noqa: PLC0415

    # All are looked at before the first is changed.
    found = [(file, *read_input(file)) for file in dict.fromkeys(files)]
    results = [(file, text, formatted(text, shown)) for file, shown, text in found]
    different = [file for file, text, result in results if text != result]
    for file, _, result in results:
        if file == STANDARD_INPUT and not check:
            sys.stdout.buffer.write(output_bytes(result))
        elif file in different:
            _say(f"{'differs' if check else 'changed'} {file}")
            if not check:
                _write(Path(file), result)
    return 1 if check and different else 0


def _directives(*, as_json: bool, markdown: bool) -> int:
    from build_env.manifest.reference import directives_json, directives_markdown, directives_text  # noqa: PLC0415

    made = directives_markdown() if markdown else directives_json() if as_json else directives_text()
    sys.stdout.write(made)
    return 0


def _warn(warnings: Iterable[Fault]) -> None:
    for warning in warnings:
        sys.stderr.write(f"warning {warning}\n")


def _tell(line: str) -> None:
    sys.stderr.write(f"note    {line}\n")
    sys.stderr.flush()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
