"""Owns how compiled data is written: JSON or YAML that reads back as the same data. Writes no file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from build_env.core.errors import InputError

if TYPE_CHECKING:
    import yaml

__all__ = ["FORMATS", "render"]

FORMATS = ("json", "yaml")
_WIDTH = 120
# What some reader of YAML 1.1 or 1.2 takes for a number or a truth value, beyond what PyYAML itself quotes.
_OTHERWISE = re.compile(
    r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-f_]+|\.inf)|\.nan|y|n"
    r"|[-+]?(?:[0-9][0-9_,]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:e[-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-9]{1,2})+(?:\.[0-9_]*)?",
    re.IGNORECASE,
)
# Lines that a block gives back exactly: the first begins with no blank, none ends with one.
_BLOCK = re.compile(r"(?![ \t\n])(?:[^\n]*[^ \t\n])?(?:\n(?:[^\n]*[^ \t\n])?)+")


def render(tree: object, form: str) -> str:
    """`tree` as text with a newline at its end. Raises InputError for what JSON has no form for."""
    try:
        return _yaml(tree) if form == "yaml" else json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except (ValueError, RecursionError) as error:
        what = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"the result cannot be written as {form}: {what}") from error


def _yaml(tree: object) -> str:
    import yaml  # noqa: PLC0415 - JSON needs no YAML writer

    json.dumps(tree, allow_nan=False)  # the same data is refused in both forms

    class Dumper(yaml.CSafeDumper):
        """Writes every value out: what was written once and used twice is data, not an alias."""

        def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
            return True

    Dumper.add_representer(str, _text)
    text: str = yaml.dump(tree, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text.removesuffix("...\n")


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.Node:
    """The writer chooses quotes where it must; of a block it makes quotes again where one cannot stand."""
    style = "|" if _BLOCK.fullmatch(text) else "'" if _OTHERWISE.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
