"""Owns text to nodes: YAML 1.1 through the C parser's events, positions for all, limits; no recursion, no objects.

Events instead of composed nodes: depth, number of nodes and what aliases stand for are counted before memory is used.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from build_env.manifest.nodes import Entry, Mapping, Node, Place, Scalar, Sequence
from build_env.manifest.scalars import ScalarError, key_text, meaning, surprise, tagged

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DEEPEST", "LARGEST_FILE", "MOST_NODES", "Unreadable", "read_nodes"]

LARGEST_FILE = 16 * 1024 * 1024
DEEPEST = 256
MOST_NODES = 1_000_000

_NO_BEGINNING = frozenset("@`%")
_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = frozenset(_TAG + name for name in ("str", "int", "float", "bool", "null"))


class Unreadable(Exception):
    """The text is no YAML, or beyond a limit; nothing of it can be used."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        """Keep the place."""
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(slots=True)
class _Open:
    """A sequence or mapping whose end was not seen yet; `key` waits for its value."""

    is_map: bool
    place: Place
    anchor: str
    items: list[Node] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    merged: list[Entry] = field(default_factory=list)
    keys: dict[str, Place] = field(default_factory=dict)
    key: tuple[str, Place, bool] | None = None
    directives: bool = False
    weight: int = 1


def read_nodes(
    text: str,
    file: str,
    fault: Callable[[str, Place], None],
    warn: Callable[[str, Place], None],
    *,
    as_written: bool = False,
) -> Node:
    """The root of the only document in `text`, an empty map when there is none.

    Reports what is wrong with single nodes to `fault` and surprises to `warn`; raises Unreadable for the rest. With
    `as_written` each scalar is the text that is written, 1.10 and yes, and nothing where nothing is written.
    """
    if len(text) > LARGEST_FILE:
        raise Unreadable(f"this file is larger than {LARGEST_FILE // 1024 // 1024} MiB")
    try:
        loader = yaml.CBaseLoader(text)
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise Unreadable(f"this is not YAML: {str(error).splitlines()[0]}") from error
    builder = _Builder(file, fault, warn, as_written=as_written)
    try:
        while loader.check_event():
            event = loader.get_event()
            if event is not None:
                builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _unreadable(error, text) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise Unreadable(f"this is not YAML: {str(error).splitlines()[0]}") from error
    finally:
        loader.dispose()
    if builder.root is None:
        place = Place(file, 1, 1)
        return Mapping((), place, place, directives=False, weight=1)
    return builder.root


def _unreadable(error: yaml.MarkedYAMLError, text: str) -> Unreadable:
    mark, problem = error.problem_mark, error.problem
    if error.context == "while scanning a quoted scalar" and error.context_mark:
        mark, problem = error.context_mark, "this quote is never closed"
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    message = f"this is not YAML: {problem or error}"
    lines = text.splitlines()
    if line > len(lines) > 0:  # the end of the text
        line, column = len(lines), len(lines[-1]) + 1
    here = lines[line - 1][column - 1 :] if lines else ""
    before = lines[line - 1][: column - 1] if lines else ""
    if here.startswith("\t"):
        message += "; a tab cannot indent: use spaces"
    elif here[:1] in _NO_BEGINNING:
        word = here.split("#")[0].strip()
        message += f'; no plain text starts with {here[0]}: quote it, "{word}"'
    elif here.startswith("{") and before.endswith("$"):
        message += "; ${…} inside [ ] or { } stands in quotes"
    return Unreadable(message, line, column)


class _Builder:
    """Takes the events of one document."""

    def __init__(
        self, file: str, fault: Callable[[str, Place], None], warn: Callable[[str, Place], None], *, as_written: bool
    ) -> None:
        self.file = file
        self.as_written = as_written
        self.fault = fault
        self.warn = warn
        self.root: Node | None = None
        self.open: list[_Open] = []
        self.anchors: dict[str, Node | None] = {}
        self.nodes = 0
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._start(event, is_map=isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end(self._place(event))
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                place = self._place(event)
                raise Unreadable("this is a second document: one file holds one", place.line, place.column)

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self.file, mark.line + 1, mark.column + 1) if mark else Place(self.file, 0, 0)

    def _count(self, weight: int, place: Place) -> None:
        self.nodes += weight
        if self.nodes > MOST_NODES:
            message = f"this file stands for more than {MOST_NODES:,} values, aliases (*name) written out"
            raise Unreadable(message, place.line, place.column)

    def _start(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, *, is_map: bool) -> None:
        place = self._place(event)
        self._count(1, place)
        if len(self.open) >= DEEPEST:
            raise Unreadable(f"this is nested deeper than {DEEPEST} levels", place.line, place.column)
        if event.tag not in {None, "!", _TAG + ("map" if is_map else "seq")}:
            self.fault(f"the tag {_shown(event.tag)} is not known: a manifest holds plain data", place)
        if self.open and self.open[-1].is_map and self.open[-1].key is None:
            self.fault("a key must be text, not a sequence or a map", place)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        self.open.append(_Open(is_map, place, event.anchor or ""))

    def _end(self, end: Place) -> None:
        level = self.open.pop()
        node: Node
        if level.is_map:
            entries = level.entries
            if level.merged:
                entries = _merge(level.merged, entries)
            node = Mapping(tuple(entries), level.place, end, level.directives, level.weight)
        else:
            node = Sequence(tuple(level.items), level.place, end, level.directives, level.weight)
        if level.anchor:
            self.anchors[level.anchor] = node
        self._add(node, node.place, level.weight)

    def _alias(self, event: yaml.AliasEvent) -> None:
        place = self._place(event)
        if event.anchor not in self.anchors:
            raise Unreadable(f"there is no &{event.anchor} before this", place.line, place.column)
        node = self.anchors[event.anchor]
        if node is None:
            self.fault(f"*{event.anchor} contains itself", place)
            node = Scalar(None, "", place)
        weight = 1 if isinstance(node, Scalar) else node.weight
        self._count(weight, place)
        self._add(node, place, weight)

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        place = self._place(event)
        self._count(1, place)
        text: str = event.value
        plain: bool = event.implicit[0]
        value: str | int | float | bool | None = text
        try:
            if event.tag not in {None, "!"}:
                if event.tag in _SCALAR_TAGS and not self.as_written:
                    value = tagged(event.tag.removeprefix(_TAG), text)
                elif event.tag not in _SCALAR_TAGS:
                    self.fault(f"the tag {_shown(event.tag)} is not known: a manifest holds plain data", place)
            elif self.as_written:
                value = text if text or not plain else None
            elif plain and event.tag is None:
                value = meaning(text)
                meant = surprise(text, value) if value is not None and (text[0].isalnum() or text[0] in "+-") else ""
                if meant:
                    self.warn(f"{meant}; write '{text}' in quotes if it is text", place)
        except ScalarError as error:
            self.fault(str(error), place)
        node = Scalar(value, text, place, plain)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        self._add(node, place, 1)

    def _add(self, node: Node, place: Place, weight: int) -> None:
        if not self.open:
            self.root = node
            return
        level = self.open[-1]
        level.weight += weight
        if not level.is_map:
            level.items.append(node)
            level.directives = level.directives or (not isinstance(node, Scalar) and node.directives)
        elif level.key is None:
            level.key = self._key(node, place, level)
        else:
            key, key_place, merge = level.key
            level.key = None
            if merge:
                self._merged(node, place, level)
            else:
                level.entries.append(Entry(key, key_place, node))
            if key.startswith("otk.") or (not isinstance(node, Scalar) and node.directives):
                level.directives = True

    def _key(self, node: Node, place: Place, level: _Open) -> tuple[str, Place, bool]:
        if not isinstance(node, Scalar):
            return "", place, False  # said at its beginning, or an alias of a container
        if node.text == "<<" and node.plain:
            return "<<", place, True
        key = key_text(node.value, node.text)
        if node.plain and key != node.text and not surprise(node.text, node.value):
            self.warn(f"the key {node.text} becomes {key}; write '{node.text}' in quotes if it is text", place)
        first = level.keys.setdefault(key, place)
        if first is not place:
            tag = "; give each a name of its own: " + f"{key}.first, {key}.second" if _may_be_tagged(key) else ""
            self.fault(f"{key} is given twice (duplicated key), first in line {first.line}{tag}", place)
        return key, place, False

    def _merged(self, node: Node, place: Place, level: _Open) -> None:
        sources = (
            [node] if isinstance(node, Mapping) else list(reversed(node.items)) if isinstance(node, Sequence) else []
        )
        if not sources or not all(isinstance(source, Mapping) for source in sources):
            if not isinstance(node, Sequence) or node.items:
                self.fault("<< takes a map or a sequence of maps", place)
            return
        for source in sources:
            if isinstance(source, Mapping):
                level.merged.extend(source.entries)


def _may_be_tagged(key: str) -> bool:
    return key in {"otk.define", "otk.include"}


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag


def _merge(merged: list[Entry], entries: list[Entry]) -> list[Entry]:
    """Merged entries first; what is written in the map itself wins."""
    result: dict[str, Entry] = {}
    for entry in (*merged, *entries):
        result[entry.key] = entry
    return list(result.values())
