"""Owns how the directives are listed: as text, as JSON, and as the page docs/reference/manifest-directives.md."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from build_env.manifest import registry
from build_env.manifest.directive import Form, Role

if TYPE_CHECKING:
    from build_env.manifest.directive import Directive

__all__ = ["directives_json", "directives_markdown", "directives_text", "written"]

_FORMS = {Form.ALONE: "", Form.TAG: "[.TAG]", Form.NAMED: ".NAME"}
_PLACES = {
    Role.SILENT: "It leaves nothing behind: the other entries of its map stay.",
    Role.MERGED: "A map joins the entries beside it.",
    Role.REPLACED: "It stands alone in its map, and its result takes the place of that map.",
}
_HEAD = """\
# Directives of manifests

Made from the registry of directives by `build-env manifest directives --markdown`; a test compares. The language as a
whole is on [the page about manifests](manifest.md).

| directive | takes |
|---|---|
"""


def written(directive: Directive) -> str:
    """The directive as a key is written."""
    return directive.name + _FORMS[directive.form]


def directives_text() -> str:
    """A line for each directive, and its value."""
    width = max(len(written(directive)) for directive in registry.DIRECTIVES) + 2
    return "".join(f"{written(directive):<{width}}{directive.value}\n" for directive in registry.DIRECTIVES)


def directives_json() -> str:
    """A list of objects."""
    fields = ("name", "form", "role", "summary", "value", "example")
    entries = [{field: getattr(directive, field) for field in fields} for directive in registry.DIRECTIVES]
    return json.dumps(entries, indent=2) + "\n"


def directives_markdown() -> str:
    """The reference page."""
    rows = "".join(f"| [`{written(entry)}`](#{_anchor(entry)}) | {entry.value} |\n" for entry in registry.DIRECTIVES)
    return _HEAD + rows + "".join(_section(directive) for directive in registry.DIRECTIVES)


def _section(directive: Directive) -> str:
    tag = " A tag makes the key unique where a map needs the directive twice." if directive.form is Form.TAG else ""
    return (
        f"\n## {directive.name}\n\n`{written(directive)}` takes {directive.value}.\n\n"
        f"{directive.summary}\n\n{_PLACES[directive.role]}{tag}\n\n```yaml\n{directive.example}```\n"
    )


def _anchor(directive: Directive) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return directive.name.lower().replace(".", "")
