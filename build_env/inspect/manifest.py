"""Owns the wiring of `build-env manifest`: read a file or standard input, compile it with what this machine offers."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.bounds import Bounds
from build_env.core.errors import InputError, Location, UsageError
from build_env.core.later import imported_later
from build_env.core.paths import find_root
from build_env.core.visible import visible_name
from build_env.manifest.compile import Compiled, CompileOptions, Customization, compile_manifest
from build_env.manifest.documents import LARGEST_FILE
from build_env.manifest.names import no_name

with imported_later():
    from build_env import settings
    from build_env.inspect import externals as inspect_externals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from build_env.model.options import ManifestOptions

__all__ = ["STANDARD_INPUT", "compile_asked", "compile_each", "files_read", "output_bytes", "read_input"]

STANDARD_INPUT = "-"
_SHOWN = "<stdin>"


@dataclass(frozen=True, kw_only=True)
class _Externals:
    """The runner of externals, made when a manifest has one. `tell` gets what a person should know."""

    directory: Path
    tell: Callable[[str], None]

    def run(self, name: str, tree: object) -> object:
        """The tree that the external `name` makes of `tree`."""
        return inspect_externals.open_runner(directory=self.directory, root=None, tell=self.tell).run(name, tree)


def compile_asked(asked: ManifestOptions, tell: Callable[[str], None], *, explained: bool = False) -> Compiled:
    """Compile the one file that is asked for, with the origin of each value if it is to be explained.

    Raises ManifestError with all faults.
    """
    for _, outcome in compile_each(asked, tell, explained=explained):
        if isinstance(outcome, InputError):
            raise outcome
        return outcome
    raise UsageError("no file is named", hint="name a manifest, or - for standard input")


def compile_each(
    asked: ManifestOptions, tell: Callable[[str], None], *, explained: bool = False
) -> Iterator[tuple[str, Compiled | InputError]]:
    """Each file with what came of it. Raises UsageError for what no file can be compiled with."""
    pairs = [_pair(word, "-C") for word in asked.customizations]
    if [*asked.files, *(data for _, data in pairs)].count(STANDARD_INPUT) > 1:
        raise UsageError("standard input can be read once", hint="keep the data in a file, and use -C name=@file")
    options = CompileOptions(
        target=asked.target,
        arguments=tuple(_pair(word, "-A") for word in asked.arguments),
        customizations=tuple(_customization(name, data) for name, data in pairs),
        variables=_variables(asked.definitions),
        allow_redefine=asked.allow_redefine,
        output=asked.output,
        only_meta=asked.only_meta,
        explained=explained,
    )
    for file in asked.files:
        externals = _Externals(directory=Path(file).parent, tell=tell) if asked.externals else None
        try:
            shown, text = read_input(file)
            bounds = _bounds(Path() if file == STANDARD_INPUT else Path(file).parent)
            yield file, compile_manifest(shown, text, replace(options, externals=externals, bounds=bounds))
        except InputError as error:
            yield file, error


def _bounds(directory: Path) -> Bounds | None:
    """What a manifest in a project may include; one that is in none may include whatever its user can read."""
    try:
        paths = find_root(None, directory.resolve())
    except UsageError:
        return None
    return Bounds(root=paths.root, outside=settings.load_settings(paths, os.environ).outside)


def files_read(asked: ManifestOptions, compiled: Compiled) -> tuple[str, ...]:
    """Every file whose content is in the result, so far as it has a name."""
    data = (_pair(word, "-C")[1] for word in asked.customizations)
    return (
        *(file for file in compiled.files if file != _SHOWN),
        *(word.removeprefix("@") for word in data if word.startswith("@")),
    )


def read_input(file: str) -> tuple[str, str]:
    """The name of a file in messages, and its text; includes of standard input start in the current directory."""
    shown = _SHOWN if file == STANDARD_INPUT else file
    try:
        data = _bytes(sys.stdin.buffer) if file == STANDARD_INPUT else _file_bytes(file)
    except (OSError, ValueError) as error:
        closed = isinstance(error, OSError) and error.errno == errno.EBADF
        reason = "it is closed" if closed else getattr(error, "strerror", None) or error
        raise InputError(f"{visible_name(shown)} cannot be read: {reason}") from error
    return shown, _decoded(data, shown)


def _file_bytes(file: str) -> bytes:
    with Path(file).open("rb") as stream:
        return _bytes(stream)


def _bytes(stream: BinaryIO) -> bytes:
    """All there is; of what does not end, no more than shows that it is too large."""
    data = stream.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError(f"it is larger than {LARGEST_FILE // 1024 // 1024} MiB")
    return data


def output_bytes(text: str) -> bytes:
    """The text as it is written; half a surrogate pair, which no file can hold, becomes a question mark."""
    return text.encode("utf-8", errors="replace")


def _pair(word: str, option: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise UsageError(f"{option} {word}: a name and a value are expected", hint=f"{option} name=value")
    return name, value


def _variables(words: Iterable[str]) -> dict[str, object]:
    variables: dict[str, object] = {}
    for name, value in (_pair(word, "-D") for word in words):
        if any(no_name(part) for part in name.split(".")):
            raise UsageError(
                f"-D {name}: this is no name of a variable", hint="letters, digits and _, with dots between"
            )
        if name in variables:
            raise UsageError(f"-D {name} is given twice", hint="leave one of them out")
        variables[name] = value
    return variables


def _customization(name: str, data: str) -> Customization:
    if data == STANDARD_INPUT or data.startswith("@"):
        shown, text = read_input(data.removeprefix("@"))
        return Customization(name, text, shown)
    return Customization(name, data)


def _decoded(data: bytes, shown: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            f"{visible_name(shown)} is not UTF-8 text", location=Location(file=shown, line=line)
        ) from error
