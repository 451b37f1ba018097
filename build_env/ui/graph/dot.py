"""Owns the graph in the language of graphviz: shape, line and word say what a run would do, colour only adds. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from build_env.ui.graph.nodes import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from build_env.ui.graph.nodes import Node, Picture

__all__ = ["dot_lines"]

_LOOKS = {
    "hit": 'shape=ellipse, color="#5b7083"',
    "run": 'shape=box, penwidth=2, color="#0b57d0"',
    "maybe": 'shape=hexagon, style=dashed, color="#9a6700"',
}


def dot_lines(picture: Picture) -> list[str]:
    """The whole graph; the same picture always gives the same lines."""
    names = {node.id: f"n{number}" for number, node in enumerate(_nodes(picture))}
    return [
        f"digraph {_text([picture.title])} {{",
        f"  label={_text([picture.title])};",
        "  rankdir=LR;",
        '  fontname="sans-serif";',
        '  node [fontname="sans-serif"];',
        *_groups(picture, names),
        *(
            f"  {names[edge.source]} -> {names[edge.target]}{' [style=dashed]' if edge.loose else ''};"
            for edge in picture.edges
        ),
        "}",
    ]


def _nodes(picture: Picture) -> Iterator[Node]:
    return (node for group in picture.groups for node in group.nodes)


def _groups(picture: Picture, names: dict[str, str]) -> Iterator[str]:
    for number, group in enumerate(picture.groups):
        nodes = [f"{names[node.id]} [label={_text(node.lines)}, {_LOOKS[node.verdict]}];" for node in group.nodes]
        if not group.title:
            yield from (f"  {node}" for node in nodes)
            continue
        yield f"  subgraph cluster_{number} {{"
        yield f"    label={_text([group.title])};"
        yield from (f"    {node}" for node in nodes)
        yield "  }"


def _text(lines: Iterable[str]) -> str:
    """A quoted label: backslashes begin escapes and ampersands begin entities there."""
    escaped = (one_line(line).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'
