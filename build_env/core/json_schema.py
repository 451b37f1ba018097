"""Owns shapes as JSON Schema (draft 2020-12), for editors and other tools. Pure.

What such a schema cannot say it lets pass: that a size in text is large enough, half a surrogate pair, what `check` of
a text finds. It refuses nothing that fits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from build_env.core.schema import text_fits
from build_env.core.shapes import Decimal, Either, Fields, Items, Number, Size, Table, Text, Truth, Whole
from build_env.core.sizes import SIZE_PATTERN

if TYPE_CHECKING:
    from build_env.core.shapes import Shape

__all__ = ["json_schema"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DIRECTIVES = "^otk\\."
# A map with at least one directive gives whatever the directive gives.
_DIRECTIVE = {"type": "object", "not": {"propertyNames": {"not": {"pattern": _DIRECTIVES}}}}
_VARIABLE = {"type": "string", "pattern": "\\$"}
# What an editor takes bare words of YAML for, each with one of these: they are text where text is wanted.
_BARE = (("number", "1"), ("number", "1.5"), ("boolean", "true"), ("null", ""), ("null", "null"))


def json_schema(shape: Shape, *, title: str, manifest: bool = False) -> dict[str, object]:
    """The schema of a document of this shape.

    With `manifest` it is that of a YAML manifest: text may look like a number or a truth value there, and directives
    (keys that begin with `otk.`) and variables (`$name`) may stand for any value.
    """
    body = _Manifest().schema(shape) if manifest else _Printer().schema(shape)
    return {"$schema": _DRAFT, "title": title, **body}


class _Printer:
    """Shapes of data that stands as it is written."""

    def schema(self, shape: Shape) -> dict[str, Any]:
        """The schema of one shape."""
        match shape:
            case Fields():
                return self.fields(shape)
            case Table():
                names = {"propertyNames": self.names(shape.keys)} if shape.keys else {}
                return {"type": "object", "additionalProperties": self.schema(shape.each), **names}
            case Items():
                limits = {"minItems": shape.least or None, "maxItems": shape.most}
                return {"type": "array", "items": self.schema(shape.each), **_given(limits)}
            case Either():
                return {"anyOf": [self.schema(option) for option in shape.options]}
            case Text():
                return self.text(shape)
            case _:
                return _scalar(shape)

    def fields(self, shape: Fields) -> dict[str, Any]:
        """A map with named fields."""
        properties = {}
        for name, declared in shape.fields.items():
            default = {} if declared.default is None else {"default": declared.default}
            properties[name] = {"description": declared.summary, **self.schema(declared.shape), **default}
        required = [name for name, declared in shape.fields.items() if declared.required]
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }

    def names(self, shape: Text) -> dict[str, Any]:
        """What keys of a table are."""
        return self.text(shape)

    def text(self, shape: Text) -> dict[str, Any]:
        """A text."""
        if shape.choices:
            return {"enum": [*shape.choices, *([""] if shape.blank else [])]}
        if shape.pattern:
            return _whole_text(f"(?:{shape.pattern})?" if shape.blank else shape.pattern)
        return {"type": "string", **({} if shape.blank else {"minLength": 1})}


class _Manifest(_Printer):
    """Shapes of what a manifest gives."""

    def schema(self, shape: Shape) -> dict[str, Any]:
        """The schema of one shape, and of what may stand for it."""
        own = super().schema(shape)
        if isinstance(shape, Fields):
            return own
        if isinstance(shape, Table):
            return {**own, "patternProperties": {_DIRECTIVES: True}}
        texts = [_VARIABLE] if not isinstance(shape, Items) else []
        return {"anyOf": [*own.get("anyOf", [own]), *texts, _DIRECTIVE]}

    def fields(self, shape: Fields) -> dict[str, Any]:
        """A map with named fields; a directive may give those that are required."""
        own = {**super().fields(shape), "patternProperties": {_DIRECTIVES: True}}
        required = own.pop("required", None)
        return {**own, "anyOf": [{"required": required}, _DIRECTIVE]} if required else own

    def names(self, shape: Text) -> dict[str, Any]:
        """What keys of a table are; directives may stand among them."""
        return {"anyOf": [super().text(shape), {"pattern": _DIRECTIVES}]}

    def text(self, shape: Text) -> dict[str, Any]:
        """A text, and the bare words that an editor takes for something else."""
        own = super().text(shape)
        types = dict.fromkeys(name for name, example in _BARE if text_fits(shape, example))
        if not types:
            return own
        return {"anyOf": [own, {"type": list(types)}]}


def _scalar(shape: Size | Number | Whole | Decimal | Truth) -> dict[str, Any]:
    match shape:
        case Size():
            return {"anyOf": [{"type": "integer", "minimum": shape.least}, _whole_text(SIZE_PATTERN)]}
        case Number():
            return {"enum": [*shape.choices, *map(str, shape.choices)]}
        case Whole() | Decimal():
            return {"type": "integer" if isinstance(shape, Whole) else "number", "minimum": shape.least}
        case Truth():
            return {"type": "boolean"}


def _whole_text(pattern: str) -> dict[str, Any]:
    """Text that matches whole: in Python's dialect a `$` alone would let a last newline pass."""
    return {"type": "string", "pattern": f"^(?:{pattern})$(?!\\n)"}


def _given(limits: dict[str, int | None]) -> dict[str, int]:
    return {name: limit for name, limit in limits.items() if limit is not None}
