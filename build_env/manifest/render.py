"""Owns how compiled data is written: JSON or YAML that reads back as the same data. Writes no file."""

from __future__ import annotations

import json

from build_env.core.errors import InputError

__all__ = ["FORMATS", "render"]

FORMATS = ("json", "yaml")
_WIDTH = 120


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

    text: str = yaml.dump(tree, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text.removesuffix("...\n")
