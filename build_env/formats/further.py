"""Owns how a further repository comes into a build image: what a format answers about it, and the shape of the step.

The step stands at the end of the image's Dockerfile, so that the index is pinned with the image as the distribution's
is: it is in the keys of layers, and `--refresh` fetches it anew.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from build_env.model.further import FurtherRepository

__all__ = ["Further", "reading_step", "refused_repository", "steps_of"]

_MARK = "build-env: cannot use the repository "


@dataclass(frozen=True, kw_only=True)
class Further:
    """What a format knows of further repositories.

    `check` says what is wrong with one (empty: nothing). `files` are those that make the package manager read it, by
    path; the suites of the distribution are given, too. `commands` fetch its index with all signatures checked, and
    fail when that cannot be.
    """

    check: Callable[[FurtherRepository], str]
    files: Callable[[FurtherRepository, Collection[str]], Mapping[str, str]]
    commands: Callable[[FurtherRepository], Sequence[str]]


def steps_of(further: Further, repositories: Iterable[FurtherRepository], suites: Collection[str]) -> str:
    """The steps of a Dockerfile that make an image read the repositories; nothing without any."""
    return "".join(
        reading_step(each.name, further.files(each, suites), further.commands(each)) for each in repositories
    )


def reading_step(name: str, files: Mapping[str, str], commands: Sequence[str]) -> str:
    """The step of a Dockerfile that writes `files` and runs `commands`; when these fail it says whose they are."""
    lines = []
    for path, text in files.items():
        # The engine's reader of Dockerfiles takes no line above 64 KiB, but it takes many.
        words = " \\\n        ".join(map(shlex.quote, ["%s\\n", *text.splitlines()]))
        lines += [f"mkdir -p {shlex.quote(path.rpartition('/')[0])}", f"printf {words} > {shlex.quote(path)}"]
    complaint = f"{{ echo {shlex.quote(_MARK + name)} >&2; exit 1; }}"
    lines += [f"{command} || {complaint}" for command in commands]
    return "\nRUN set -eu; \\\n    " + "; \\\n    ".join(lines) + "\n"


def refused_repository(line: str) -> str:
    """The name of the repository whose step says in this line of its output that it cannot be used; else nothing."""
    return line.removeprefix(_MARK).strip() if line.startswith(_MARK) else ""
