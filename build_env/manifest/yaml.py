"""Owns YAML: text to data with a position for every key, all scalars as text. The only user of PyYAML.

Scalars stay text because a version `1.10` is not a number. Knows nothing of what the data means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from build_env.core.errors import Fault, InputError, Location

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Document", "parse_mapping"]


@dataclass(frozen=True, kw_only=True)
class Document:
    """A YAML mapping; `positions` maps a dotted path (`archive.debian/12`) to where its key stands."""

    file: str
    data: Mapping[str, object]
    positions: Mapping[str, Location] = field(default_factory=dict)

    def where(self, path: str = "") -> Location:
        """The place of `path`, the file's beginning when it is not known."""
        return self.positions.get(path, Location(file=self.file))


def parse_mapping(text: str, file: str) -> Document:
    """Parse `text`, which must be one YAML mapping; raises InputError with `file:line:column` for each fault."""
    reader = _Reader(file)
    try:
        node = _compose(text, file)
        if node is None:
            return Document(file=file, data={})
        data = reader.convert(node, "")
    except (RecursionError, UnicodeEncodeError) as error:
        what = "nested too deep" if isinstance(error, RecursionError) else "not text"
        raise InputError(f"this cannot be read: it is {what}", location=Location(file=file)) from error
    if not isinstance(data, dict):
        reader.fault("a map of fields is expected here", node)
    if reader.faults or not isinstance(data, dict):
        raise InputError(f"{file} cannot be used", faults=tuple(reader.faults))
    return Document(file=file, data=data, positions=reader.positions)


def _compose(text: str, file: str) -> yaml.Node | None:
    """The nodes of the only document in `text`."""
    loader = yaml.CBaseLoader(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Location(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Location(file=file)
        raise InputError(f"this is not YAML: {error.problem or error}", location=where) from error
    except yaml.YAMLError as error:
        first = str(error).splitlines()[0]
        raise InputError(f"this is not YAML: {first}", location=Location(file=file)) from error
    finally:
        loader.dispose()
    return node


class _Reader:
    """Turns nodes into data; keeps the positions and all faults."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.positions: dict[str, Location] = {}
        self.faults: list[Fault] = []
        self._seen: set[int] = set()

    def convert(self, node: yaml.Node, path: str) -> object:
        """The data of `node`, which is found at `path`."""
        if id(node) in self._seen:
            # It may contain itself, or stand for a text that is exponentially longer than the file.
            self.fault("an alias (*name) cannot be used here: write the value again", node)
            return ""
        self._seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.convert(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
        return self._map(node, path)

    def fault(self, message: str, node: yaml.Node) -> None:
        """Note that `node` is wrong."""
        self.faults.append(Fault(message=message, location=self._place(node)))

    def _map(self, node: yaml.Node, path: str) -> dict[str, object]:
        result: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.fault("the name of a field must be text", key_node)
                continue
            key = str(key_node.value)
            if key in result:
                self.fault(f"{key} is given twice", key_node)
            inner = f"{path}.{key}" if path else key
            self.positions[inner] = self._place(key_node)
            result[key] = self.convert(value_node, inner)
        return result

    def _place(self, node: yaml.Node) -> Location:
        return Location(file=self.file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)
