"""Owns what the commands of `build-env manifest` do and print, once their options are read."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.cli.errors import tell_error
from build_env.cli.printing import print_line
from build_env.cli.streams import write_error, write_output
from build_env.cli.validate import validation_lines
from build_env.core.errors import InputError, UsageError
from build_env.core.later import imported_later
from build_env.core.suggest import mistyped
from build_env.core.visible import visible_name
from build_env.inspect.manifest import (
    STANDARD_INPUT,
    compile_asked,
    compile_each,
    files_read,
    output_bytes,
    read_input,
)
from build_env.inspect.origins import explain_value
from build_env.manifest.render import FORMATS, render
from build_env.ui.files import write_whole

with imported_later():
    from build_env.inspect import directives
    from build_env.inspect import validate as inspect_validate
    from build_env.manifest import format as manifest_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from build_env.app.project import Project
    from build_env.core.errors import Fault
    from build_env.model.options import ManifestOptions

__all__ = ["compile_to", "explain_path", "format_all", "list_directives", "validate_all"]

_DIFFERS = 1


def compile_to(asked: ManifestOptions, output: str | None, meta: str, form: str) -> int:
    """Compile, and print the result or write it to `output`."""
    if form not in FORMATS:
        raise mistyped(f"there is no format {form}", form, FORMATS, hint="--format json, or yaml")
    if output is not None and not output:
        raise UsageError("-o: the name of a file is empty", hint="-o FILE, or leave it out")
    compiled = compile_asked(replace(asked, only_meta=bool(meta)), _tell)
    tree = compiled.tree
    if meta:
        if meta not in compiled.meta:
            there = ", ".join(compiled.meta) or "none"
            raise mistyped(f"there is no otk.meta.{meta}", meta, compiled.meta, hint=f"the manifest has {there}")
        tree = compiled.meta[meta]
    text = render(tree, form)
    _warn(compiled.warnings)
    if output is None or output == STANDARD_INPUT:
        write_output(output_bytes(text))
    else:
        _keep_sources(Path(output), files_read(asked, compiled))
        write_whole(Path(output), text, "-o")
    return 0


def _keep_sources(output: Path, files: Iterable[str]) -> None:
    for file in files:
        with contextlib.suppress(OSError, ValueError):
            if output.is_file() and output.samefile(file):
                message = f"-o {visible_name(str(output))}: this file was read, the result would replace its own source"
                raise UsageError(message, hint="name another file")


def validate_all(asked: ManifestOptions) -> int:
    """Check each file, and say all that is wrong with any."""
    found = {file: inspect_validate.package_of(Path(file)) for file in asked.files if not asked.definitions}
    owners = {file: own for file, own in found.items() if own}
    status = max((_validate_definition(*own) for own in owners.values()), default=0)
    others = replace(asked, files=tuple(file for file in asked.files if file not in owners))
    for file, outcome in compile_each(others, _tell):
        if isinstance(outcome, InputError):
            status = tell_error(outcome)
            continue
        _warn(outcome.warnings)
        chosen = (asked.target,) if asked.target else outcome.targets
        targets = f", for {', '.join(chosen)}" if chosen else ""
        files = len(outcome.files)
        print_line(f"ok      {visible_name(file)}: {files} file{'s' * (files != 1)}{targets}")
    return status


def _validate_definition(project: Project, package: str) -> int:
    """Check the definition of a project's package, which is compiled for each of the targets."""
    validated = inspect_validate.validate(project, project.target_names(), (package,))
    print_line("\n".join(validation_lines(validated)))
    return InputError.exit_code if validated.findings else 0


def explain_path(asked: ManifestOptions, path: str) -> int:
    """Say where the value at `path` came from."""
    compiled = compile_asked(asked, _tell, explained=True)
    lines = explain_value(compiled, path)
    _warn(compiled.warnings)
    print_line("\n".join(lines))
    return 0


def format_all(files: Sequence[str], *, check: bool) -> int:
    """Bring files into the one form, or only look whether they have it."""
    # All are looked at before the first is changed.
    inputs = [(file, *read_input(file)) for file in dict.fromkeys(files)]
    results = [(file, text, manifest_format.formatted(text, shown)) for file, shown, text in inputs]
    printed = STANDARD_INPUT if not check else ""
    for file, text, result in results:
        if file == printed:
            write_output(output_bytes(result.text))
        elif text != result.text:
            if not check:
                write_whole(Path(file), result.text, "format")
            ends = ", also its line ends" if "\r" in text and "\r" not in result.text else ""
            print_line(f"{'differs' if check else 'changed'} {visible_name(file)}{ends}")
        if result.left and file == printed:
            _tell(result.left)
        elif result.left:
            print_line(f"left    {visible_name(file)}: {result.left}")
    return _DIFFERS if check and any(text != result.text for _, text, result in results) else 0


def list_directives(*, as_json: bool, markdown: bool) -> int:
    """Print the list of directives."""
    if markdown:
        listing = directives.directives_markdown()
    else:
        listing = directives.directives_json() if as_json else directives.directives_text()
    write_output(listing.encode())
    return 0


def _warn(warnings: Iterable[Fault]) -> None:
    for warning in warnings:
        write_error(f"warning {warning}\n")


def _tell(line: str) -> None:
    write_error(f"note    {line}\n")
