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
    loader = yaml.CBaseLoader(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Location(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Location(file=file)
        raise InputError(f"this is not YAML: {error.problem or error}", location=where) from error
    except yaml.YAMLError as error:
        raise InputError(f"this is not YAML: {error}", location=Location(file=file)) from error
    finally:
        loader.dispose()
    if node is None:
        return Document(file=file, data={})
    positions: dict[str, Location] = {}
    faults: list[Fault] = []
    data = _convert(node, "", file, positions, faults)
    if not isinstance(data, dict):
        faults.append(Fault(message="a map of fields is expected here", location=_place(node, file)))
    if faults or not isinstance(data, dict):
        raise InputError(f"{file} cannot be used", faults=tuple(faults))
    return Document(file=file, data=data, positions=positions)


def _convert(node: yaml.Node, path: str, file: str, positions: dict[str, Location], faults: list[Fault]) -> object:
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [_convert(item, f"{path}[{index}]", file, positions, faults) for index, item in enumerate(node.value)]
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        key, where = str(key_node.value), _place(key_node, file)
        if key in result:
            faults.append(Fault(message=f"{key} is given twice", location=where))
        inner = f"{path}.{key}" if path else key
        positions[inner] = where
        result[key] = _convert(value_node, inner, file, positions, faults)
    return result


def _place(node: yaml.Node, file: str) -> Location:
    return Location(file=file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)
