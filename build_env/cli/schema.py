"""Owns `build-env schema`: what definitions and settings may hold, as JSON Schema for editors and other tools."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from build_env.cli.printing import print_lines
from build_env.core.json_schema import json_schema
from build_env.model.options import check_choice
from build_env.packages.fields import DEFINITION
from build_env.settings import SETTINGS

__all__ = ["schema"]

_KINDS = ("definition", "settings")


def schema(what: Annotated[str, typer.Argument(help="definition or settings.", metavar="WHAT")]) -> None:
    """Print the JSON Schema (draft 2020-12) of a package's definition.yaml, or of the files with settings."""
    check_choice("schema", what, _KINDS)
    if what == "settings":
        data = json_schema(SETTINGS, title="Settings of a project of build-env")
    else:
        data = json_schema(DEFINITION, title="Definition of a package of build-env", manifest=True)
    print_lines([json.dumps(data, indent=2, ensure_ascii=False)])
