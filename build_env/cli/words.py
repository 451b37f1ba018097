"""Owns what the parser cannot do: options with an optional value, lists in one word, a line with a word put right."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from build_env.core.machine import ALSO_CALLED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

__all__ = ["architecture_list", "comma_list", "options_first", "put_right", "with_container_value"]


def with_container_value(arguments: Sequence[str]) -> list[str]:
    """Give a bare `-c` or `--container` its value, so that `-c greet` builds greet; `-c=clean` stays `clean`."""
    result: list[str] = []
    for index, word in enumerate(arguments):
        if word == "--":
            return [*result, *arguments[index:]]
        if word in {"-c", "--container"}:
            result.append("--container=keep")
        elif word.startswith("-c="):
            result.append(f"--container={word.removeprefix('-c=')}")
        else:
            result.append(word)
    return result


def comma_list(values: Iterable[str]) -> tuple[str, ...]:
    """`["amd64,arm64", "armhf"]` as three names, without repetitions."""
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def architecture_list(values: Iterable[str]) -> tuple[str, ...]:
    """Names of architectures as `comma_list`; those that machines and RPM use mean Debian's: `x86_64` is `amd64`."""
    return tuple(dict.fromkeys(ALSO_CALLED.get(name.lower(), name.lower()) for name in comma_list(values)))


def options_first(arguments: Sequence[str], valued: Collection[str]) -> list[str]:
    """Options before the first word and right behind it, then that word, then the rest as it stands.

    So `shell debian/12 -a arm64 ls -l` gives `-a` to us and `-l` to ls. `valued` are the options that take a word.
    """
    options: list[str] = []
    first: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest[0]
        if word == "--":
            rest = rest[1:]
            break
        if word.startswith("-") and word != "-":
            size = 2 if word in valued else 1
            options, rest = [*options, *rest[:size]], rest[size:]
        elif first:
            break
        else:
            first, rest = [word], rest[1:]
    return [*options, "--", *first, *rest] if first or rest else options


def put_right(typed: Sequence[str], wrong: str, right: str) -> str:
    """The line that was typed, for a shell, with `right` for the first `wrong`; empty where that is not to be found.

    It is a word, what stands behind `=` or `@`, or one of a list in either.
    """
    pattern = re.compile(rf"(?:^|(?<=[=,@])){re.escape(wrong)}(?=$|[=,])", re.IGNORECASE)
    for index, word in enumerate(typed):
        changed = pattern.sub(lambda _: right, word, count=1)
        if changed != word:
            return shlex.join([*typed[:index], changed, *typed[index + 1 :]])
    return ""
