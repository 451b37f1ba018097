"""Owns `build-env schema`: what definitions and settings may hold, as JSON Schema for tools, as a page for people."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from build_env.cli.printing import print_json_text, print_lines
from build_env.core.field_table import field_table
from build_env.core.json_schema import json_schema
from build_env.model.options import check_choice
from build_env.packages.fields import DEFINITION
from build_env.settings import SETTINGS

__all__ = ["schema"]

_KINDS = ("definition", "settings")
_PAGES = {
    "definition": """\
# Fields of `definition.yaml`

Made by `build-env schema definition --markdown`; a test compares. How a definition differs by target and architecture,
and what may stand for a value, is on the page about [manifests](manifest.md#definitions-of-packages). There is also
[a schema for editors](settings.md#schemas-for-editors). `TARGET` stands for a target, as `debian/12`, and
`FILE` for the name of a file.
""",
    "settings": """\
# All settings

Made by `build-env schema settings --markdown`; a test compares. Where settings are written and which of several wins is
on the page about [settings](settings.md).
""",
}


def schema(
    what: Annotated[str, typer.Argument(help="definition or settings.", metavar="WHAT")],
    *,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the page of the reference instead.")] = False,
) -> None:
    """Print the JSON Schema (draft 2020-12) of a package's definition.yaml, or of the files with settings."""
    check_choice("schema", what, _KINDS)
    if markdown:
        print_lines([_PAGES[what], *field_table(SETTINGS if what == "settings" else DEFINITION)])
        return
    if what == "settings":
        data = json_schema(SETTINGS, title="Settings of a project of build-env")
    else:
        data = json_schema(DEFINITION, title="Definition of a package of build-env", manifest=True)
    print_json_text(json.dumps(data, indent=2, ensure_ascii=False))
