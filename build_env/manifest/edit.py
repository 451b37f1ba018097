"""Owns the writing of values into YAML that people wrote: what is not meant stays, with its comments, quotes and order.

Only the text of the values themselves changes. What comes out is read again: if anything else would mean something
else, nothing is written.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias

import yaml

from build_env.core.errors import Fault, InputError, Location
from build_env.manifest.documents import Unreadable, read_nodes
from build_env.manifest.nodes import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Values", "cannot_be_edited", "edited", "written"]

Values: TypeAlias = "Mapping[str, str | Values]"

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9._/+-]*")
_NO_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_STEP = "  "


def written(values: Values, indent: str = "") -> str:
    """The values as lines of YAML, each map with its entries below it."""
    lines = []
    for key, value in values.items():
        if isinstance(value, str):
            lines.append(f"{indent}{_key(key)}: {_text(value)}\n")
        else:
            lines.append(f"{indent}{_key(key)}:\n{written(value, indent + _STEP)}")
    return "".join(lines)


def edited(text: str, file: str, values: Values) -> str:
    """The `text` of a file with the values put in: those that are there are replaced, the others come behind.

    Raises InputError when the file cannot be read, and when it says this elsewhere than in plain maps of its own.
    """
    before = _data(text, file)
    root = yaml.compose(text, Loader=yaml.CSafeLoader)
    changes: list[tuple[int, int, str]] = []
    if root is None:
        changes.append((len(text), len(text), _on_new_line(text, len(text)) + written(values)))
    else:
        _change(text, root, values, changes)
    for begin, end, put in sorted(changes, reverse=True):
        text = text[:begin] + put + text[end:]
    wanted = _merged(before, values)
    try:
        after = _data(text, file)
    except InputError:
        after = None
    if after != wanted:
        raise cannot_be_edited(file, values)
    return text


def cannot_be_edited(file: str, values: Values) -> InputError:
    """The error that tells the lines, for a person to write them."""
    return InputError(
        f"{file} would say something else if these lines were put in:",
        faults=tuple(Fault(message=line) for line in written(values).splitlines()),
        hint="write them where the file takes what it has of them from",
    )


def _data(text: str, file: str) -> object:
    faults: list[InputError] = []
    try:
        node = read_nodes(
            text,
            file,
            lambda message, place: faults.append(InputError(message, location=place.location)),
            lambda _message, _place: None,
            as_written=True,
        )
    except Unreadable as error:
        raise InputError(error.message, location=Location(file=file, line=error.line, column=error.column)) from error
    if faults:
        raise faults[0]
    return plain(node)


def _merged(data: object, values: Values) -> object:
    merged = dict(data) if isinstance(data, dict) else {}
    for key, value in values.items():
        merged[key] = value if isinstance(value, str) else _merged(merged.get(key), value)
    return merged


def _change(text: str, node: yaml.Node, values: Values, changes: list[tuple[int, int, str]]) -> None:
    """What to put at which places so that the map `node` has the values."""
    if not isinstance(node, yaml.MappingNode):
        return  # what comes out is not what is wanted, and is refused
    there = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    missing: dict[str, str | Values] = {}
    for key, value in values.items():
        old = there.get(key)
        if old is None:
            missing[key] = value
        elif isinstance(value, str):
            changes.append((old.start_mark.index, _end(text, old), _text(value)))
        elif isinstance(old, yaml.ScalarNode) and not old.value:
            at = _end_of_line(text, old.end_mark.index)
            changes.append((at, at, _on_new_line(text, at) + written(value, _indent(node) + _STEP)))
        else:
            _change(text, old, value, changes)
    if not missing:
        return
    if node.flow_style:
        at = node.end_mark.index - 1
        comma = ", " if node.value and not text[:at].rstrip().endswith(",") else ""
        changes.append((at, at, comma + _flow(missing)))
        return
    at = _end_of_line(text, _end(text, node))
    changes.append((at, at, _on_new_line(text, at) + written(missing, _indent(node))))


def _end(text: str, node: yaml.Node) -> int:
    """Where the text of a node ends, without the comments and empty lines behind it."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    end: int = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and not node.style:
        return len(text[:end].rstrip()) if end > node.start_mark.index else end
    return end


def _end_of_line(text: str, index: int) -> int:
    """Where the line after the one with this place begins; the place itself where it is the beginning of a line."""
    if index and text[index - 1] == "\n":
        return index
    end = text.find("\n", index)
    return len(text) if end < 0 else end + 1


def _on_new_line(text: str, index: int) -> str:
    return "\n" if index and text[index - 1] != "\n" else ""


def _indent(node: yaml.MappingNode) -> str:
    first: yaml.Node = node.value[0][0] if node.value else node
    return " " * first.start_mark.column


def _flow(values: Values) -> str:
    return ", ".join(
        f"{_key(key)}: {_text(value)}" if isinstance(value, str) else f"{_key(key)}: {{{_flow(value)}}}"
        for key, value in values.items()
    )


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _NO_TEXT else _text(key)


def _text(value: str) -> str:
    """In quotes: a version 1.10 is no number."""
    return json.dumps(value, ensure_ascii=False)
