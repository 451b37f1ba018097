"""Owns the wiring of `build-env manifest`: read a file or standard input, compile it with what this machine offers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from build_env.core.errors import InputError, Location, UsageError
from build_env.manifest.compile import Compiled, CompileOptions, Customization, compile_manifest

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["STANDARD_INPUT", "Asked", "compile_asked", "output_bytes", "read_input"]

STANDARD_INPUT = "-"
_SHOWN = "<stdin>"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a command line asks for; `customizations` as they were typed. `output`: choose a target and print it."""

    file: str
    target: str = ""
    arguments: tuple[str, ...] = ()
    customizations: tuple[str, ...] = ()
    allow_redefine: bool = False
    externals: bool = True
    output: bool = True


@dataclass(frozen=True, kw_only=True)
class _Externals:
    """The runner of externals, made when a manifest has one. `tell` gets what a person should know."""

    directory: Path
    tell: Callable[[str], None]

    def run(self, name: str, tree: object) -> object:
        """The tree that the external `name` makes of `tree`."""
        from build_env.app.externals.runner import open_runner  # noqa: PLC0415 - most manifests have none

        return open_runner(directory=self.directory, root=None, tell=self.tell).run(name, tree)


def compile_asked(asked: Asked, tell: Callable[[str], None], *, explained: bool = False) -> Compiled:
    """Compile what is asked for, with the origin of each value if it is to be explained.

    Raises ManifestError with all faults.
    """
    pairs = [_pair(word, "-C") for word in asked.customizations]
    if [asked.file, *(data for _, data in pairs)].count(STANDARD_INPUT) > 1:
        raise UsageError("standard input can be read once", hint="keep the data in a file, and use -C name=@file")
    options = CompileOptions(
        target=asked.target,
        arguments=tuple(_pair(word, "-A") for word in asked.arguments),
        customizations=tuple(_customization(name, data) for name, data in pairs),
        allow_redefine=asked.allow_redefine,
        externals=_Externals(directory=Path(asked.file).parent, tell=tell) if asked.externals else None,
        output=asked.output,
        explained=explained,
    )
    shown, text = read_input(asked.file)
    return compile_manifest(shown, text, options)


def read_input(file: str) -> tuple[str, str]:
    """The name of a file in messages, and its text; includes of standard input start in the current directory."""
    shown = _SHOWN if file == STANDARD_INPUT else file
    try:
        data = sys.stdin.buffer.read() if file == STANDARD_INPUT else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise InputError(f"{shown} cannot be read: {said}") from error
    return shown, _decoded(data, shown)


def output_bytes(text: str) -> bytes:
    """The text as it is written; half a surrogate pair, which no file can hold, becomes a question mark."""
    return text.encode("utf-8", errors="replace")


def _pair(word: str, option: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not name or not equals:
        raise UsageError(f"{option} {word}: a name and a value are expected", hint=f"{option} name=value")
    return name, value


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
        raise InputError(f"{shown} is not UTF-8 text", location=Location(file=shown, line=line)) from error
