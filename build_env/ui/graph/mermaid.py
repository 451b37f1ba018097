"""Owns the graph in the language of mermaid, which code hosts show in Markdown; shapes as in `dot`. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from build_env.ui.graph.nodes import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from build_env.ui.graph.nodes import Picture

__all__ = ["mermaid_lines"]

_BRACKETS = {"hit": ("([", "])"), "run": ("[", "]"), "maybe": ("{{", "}}")}
# Whatever else mermaid may take for its own, now or later, is written as the number of the character.
_SPECIAL = re.compile(r"[^A-Za-z0-9 ,./_~+-]")


def mermaid_lines(picture: Picture) -> list[str]:
    """The whole graph; the same picture always gives the same lines."""
    every = [node for group in picture.groups for node in group.nodes]
    names = {node.id: f"n{number}" for number, node in enumerate(every)}
    return [
        "---",
        f"title: {_title(picture.title)}",
        "---",
        "flowchart LR",
        *_groups(picture, names),
        *(f"  {names[edge.source]} {'-.->' if edge.loose else '-->'} {names[edge.target]}" for edge in picture.edges),
    ]


def _groups(picture: Picture, names: dict[str, str]) -> Iterator[str]:
    for number, group in enumerate(picture.groups):
        nodes = []
        for node in group.nodes:
            opening, closing = _BRACKETS[node.verdict]
            nodes.append(f"{names[node.id]}{opening}{_text(node.lines)}{closing}")
        if not group.title:
            yield from (f"  {node}" for node in nodes)
            continue
        yield f"  subgraph g{number}[{_text([group.title])}]"
        yield from (f"    {node}" for node in nodes)
        yield "  end"


def _text(lines: Iterable[str]) -> str:
    escaped = (_SPECIAL.sub(lambda found: f"#{ord(found[0])};", one_line(line)) for line in lines)
    return '"' + "<br>".join(escaped) + '"'


def _title(text: str) -> str:
    """A quoted text of YAML."""
    return '"' + one_line(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
