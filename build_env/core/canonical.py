"""Owns the one way data becomes a digest: canonical JSON (sorted keys, no spaces, UTF-8), then sha256.

Must not know what the data means. Changing anything here changes every key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

__all__ = ["canonical_json", "digest_bytes", "digest_data", "digest_file", "plain"]

_CHUNK = 1 << 20
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def plain(value: object) -> Any:  # noqa: ANN401 - JSON data has no narrower type
    """`value` as JSON data: dataclasses become maps, tuples lists, enums their values, sets sorted lists.

    A tuple with named parts is an identity, and becomes its text.
    """
    if type(value) in _AS_THEY_ARE:  # most values: keys cover hundreds of digests
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        # Most values are text, as digests are: no call for each.
        return {
            key if type(key) is str else _key(key): item if type(item) is str else plain(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return _listed(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _listed(value: Collection[object]) -> Any:  # noqa: ANN401 - as above
    if hasattr(value, "_fields"):
        return str(value)
    items = [item if type(item) is str else plain(item) for item in value]
    return sorted(items) if isinstance(value, set | frozenset) else items


def _key(key: object) -> str:
    """Only text, and identities: 1 and "1" would be one key of the JSON text."""
    if isinstance(key, str) or hasattr(key, "_fields"):
        return str(plain(key))
    raise TypeError(f"a key of a map must be text, not {type(key).__name__}")


def canonical_json(value: object) -> str:
    """The one JSON text of `value`."""
    return _ENCODER.encode(plain(value))


def digest_data(value: object) -> str:
    """Hex sha256 of the canonical JSON of `value`."""
    # File names that are no UTF-8 hold surrogates.
    return digest_bytes(canonical_json(value).encode("utf-8", "surrogatepass"))


def digest_bytes(data: bytes) -> str:
    """Hex sha256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def digest_file(path: Path | str) -> str:
    """Hex sha256 of the content of `path`."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:  # noqa: PTH123 - a text, too
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
