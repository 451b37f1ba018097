"""Owns what the parser cannot do: options with an optional value, lists in one word."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["comma_list", "with_container_value"]


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
