"""Owns externals that are programs of this machine: where they are looked for, how they are asked, what they answer.

Knows nothing of manifests but the errors that those expect.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from build_env.core.later import imported_later
from build_env.core.suggest import did_you_mean
from build_env.manifest.externals import REMOVED, ExternalError

with imported_later():
    from build_env.core import processes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from build_env.core.processes import Finished

__all__ = [
    "STANDARD_DIRECTORIES",
    "TIMEOUT",
    "ExternalNotFound",
    "ProgramRunner",
    "check_name",
    "program_environment",
    "read_envelope",
    "read_tree",
    "search_path",
    "write_envelope",
]

STANDARD_DIRECTORIES: Final = (
    "/usr/libexec/otk/external-binaries",
    "/usr/local/libexec/otk/external",
    "/usr/libexec/otk/external",
    "/usr/local/lib/otk/external",
    "/usr/lib/otk/external",
)
TIMEOUT: Final = 600.0  # seconds: a solver may fetch the index of a distribution first
_VARIABLES = ("BUILD_ENV_EXTERNAL_PATH", "OTK_EXTERNAL_PATH")
_INHERITED = ("HOME", "TMPDIR", *_VARIABLES)
_MOST_OUTPUT = 64 << 20
_MOST_SAID = 64 << 10  # bytes of standard output that a failure is told from
_SHOWN = 40  # lines of what a program said
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+-]*(\.[A-Za-z0-9_][A-Za-z0-9_+-]*)*", re.ASCII)


class ExternalNotFound(ExternalError):
    """No program has the name."""


def _silent(line: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, kw_only=True)
class ProgramRunner:
    """Runs programs of this machine: `A.B`, else `otk-A` with the argument `B`; the first in `search` that has it.

    The second gets the tree itself, without an envelope, and may answer so: see `read_tree`. `tell` gets what a program
    that succeeds says on its standard error.
    """

    search: tuple[Path, ...]
    tell: Callable[[str], None] = _silent
    timeout: float = TIMEOUT
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, name: str, tree: object) -> object:
        """See `ExternalRunner.run`."""
        argv = self.find(name)
        if argv is None:
            raise self.not_found(name)
        collection = len(argv) > 1
        finished = self._finished(argv, _json(tree) if collection else write_envelope(tree))
        if finished.failure:
            raise ExternalError(_failure(finished))
        try:
            tree = (read_tree if collection else read_envelope)(finished.output)
        except ExternalError as error:
            raise ExternalError("\n".join([f"{argv[0]}: {error}", *_said(finished.standard_error)])) from error
        for line in _last(finished.standard_error):
            self.tell(f"{name}: {line}")
        return tree

    def find(self, name: str) -> tuple[str, ...] | None:
        """The command that `name` stands for, None when no directory has it."""
        check_name(name)
        for argv in _commands(name):
            for directory in self.search:
                path = directory / argv[0]
                if path.is_file() and os.access(path, os.X_OK):
                    return str(path.absolute()), *argv[1:]
        return None

    def not_found(self, name: str, others: tuple[str, ...] = ()) -> ExternalNotFound:
        """What says that `name` is nowhere, with the nearest of what is there and of `others`."""
        files = [path for directory in self.search for path in _files(directory)]
        wanted = [argv[0] for argv in _commands(name)]
        near = did_you_mean(name, [*others, *(path.name for path in files if os.access(path, os.X_OK))])
        spoilt = [f"  {path} may not be executed: chmod +x" for path in files if path.name in wanted]
        places = ", ".join(str(directory) for directory in self.search) or "no directory"
        return ExternalNotFound(
            "\n".join([f"there is no program {' or '.join(wanted)}{near}", *spoilt, f"  looked in {places}"])
        )

    def _finished(self, argv: tuple[str, ...], data: bytes) -> Finished:
        invocation = processes.Invocation(
            argv=argv, environment=self.environment, seconds=self.timeout, most_output=_MOST_OUTPUT
        )
        try:
            return processes.run_program(invocation, data)
        except processes.CannotStart as error:
            raise ExternalError(f"{error}; does its first line name an interpreter that is here?") from error
        except processes.ProcessError as error:
            raise ExternalError("\n".join([str(error), *_said(error.standard_error)])) from error


def search_path(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The directories that programs are looked for in, in order; an empty word of a list is no directory."""
    words = [word for name in _VARIABLES for word in environment.get(name, "").split(":") if word]
    return tuple(Path(word) for word in dict.fromkeys((*words, *STANDARD_DIRECTORIES)))


def program_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """All that a program gets of `environment`: where programs and files are, and the same language everywhere."""
    return processes.listed_environment(environment, *_INHERITED, TZ="UTC")


def check_name(name: str) -> None:
    """Refuse what is no name of an external: nothing may lead out of the directories, or look like an option."""
    if not _NAME.fullmatch(name):
        raise ExternalError(
            f"{name!r} is no name of an external: letters, digits, _ + and -, in parts with a dot between them"
        )


def write_envelope(tree: object) -> bytes:
    """What a program gets on its standard input. Raises ExternalError for what JSON has no form for."""
    return _json({"tree": tree})


def read_envelope(data: bytes) -> object:
    """The tree that a program printed; REMOVED for an empty envelope. Raises ExternalError."""
    envelope = _parsed(data)
    if not isinstance(envelope, dict):
        raise ExternalError(f'what it printed is not of the form {{"tree": …}}: {_beginning(data)}')
    if not envelope:
        return REMOVED
    if set(envelope) != {"tree"}:
        more = ", ".join(sorted(set(envelope) - {"tree"}))
        fault = f"it printed {more} beside tree" if "tree" in envelope else f"it printed no tree, but {more}"
        raise ExternalError(f'{fault}; {{"tree": …}} is expected')
    tree: object = envelope["tree"]
    return tree


def read_tree(data: bytes) -> object:
    """The tree that `otk-A B` printed, with an envelope or without. Raises ExternalError.

    A map whose only key is `tree` is an envelope; everything else, also an empty map, is the tree itself.
    """
    tree = _parsed(data)
    return tree["tree"] if isinstance(tree, dict) and set(tree) == {"tree"} else tree


def _json(data: object) -> bytes:
    try:
        return json.dumps(data, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ExternalError(f"the arguments cannot be written as JSON: {error}") from error


def _parsed(data: bytes) -> object:
    if not data.strip():
        raise ExternalError('it printed nothing; {"tree": …} is expected on its standard output')
    try:
        parsed: object = json.loads(data.decode(), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
        if b"\\u" in data:  # without escapes there can be no half of a surrogate pair
            json.dumps(parsed, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ExternalError(f"what it printed is not JSON: {error.msg} at {where}: {_beginning(data)}") from error
    except UnicodeEncodeError as error:
        half = error.object[error.start]
        raise ExternalError(f"what it printed cannot be used: {half!r} is half of a surrogate pair, no text") from error
    except (ValueError, RecursionError) as error:  # not UTF-8, a key twice, NaN, a number of 5,000 digits, too deep
        raise ExternalError(f"what it printed cannot be used: {error}") from error
    return parsed


def _commands(name: str) -> tuple[tuple[str, ...], ...]:
    """The names of the program, with arguments, in the order in which they are tried."""
    first, _, rest = name.partition(".")
    return ((name,), (f"otk-{first}", rest)) if rest else ((name,),)


def _files(directory: Path) -> list[Path]:
    try:
        return sorted(path for path in directory.iterdir() if path.is_file())
    except OSError:
        return []


def _failure(finished: Finished) -> str:
    last_output = finished.output[-_MOST_SAID:].decode(errors="replace")
    printed = _said(finished.standard_error) or _said(last_output)
    return "\n".join([finished.failure, *(printed or ["  and said nothing"])])


def _said(text: str) -> list[str]:
    return [f"  | {line}" for line in _last(text)]


def _last(text: str) -> list[str]:
    """The last lines of what a program said, without what would move a terminal's cursor.

    They are not counted: of those before them only the end was kept.
    """
    lines = ["".join(sign for sign in line if sign.isprintable() or sign == "\t") for line in text.splitlines()]
    kept = [line for line in lines if line.strip()]
    return kept if len(kept) <= _SHOWN else [f"… the last {_SHOWN} lines:", *kept[-_SHOWN:]]


def _beginning(data: bytes) -> str:
    text = data[:120].decode(errors="replace").strip()
    return repr(text[:60] + ("…" if len(text) > len(text[:60]) else ""))


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} is there twice")
    return entries


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")
