"""Owns what a plain YAML scalar means by YAML 1.1, and which of these meanings surprise people. Pure."""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ScalarError", "key_text", "meaning", "surprise", "tagged"]

Value: TypeAlias = str | int | float | bool | None

_TAG = "tag:yaml.org,2002:"
_RESOLVER = yaml.resolver.Resolver()
_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_CONVERSIONS: dict[str, Callable[[yaml.ScalarNode], Value]] = {
    f"{_TAG}null": _CONSTRUCTOR.construct_yaml_null,
    f"{_TAG}bool": _CONSTRUCTOR.construct_yaml_bool,
    f"{_TAG}int": _CONSTRUCTOR.construct_yaml_int,
    f"{_TAG}float": _CONSTRUCTOR.construct_yaml_float,
}
_ROUND = re.compile(r"[0-9]+\.[0-9]+0")  # what is rather a version: the last 0 of 1.10 means nothing to a number
_LONGEST_NUMBER = 1000


class ScalarError(Exception):
    """The scalar has a meaning that cannot be used."""


@lru_cache(maxsize=1 << 12)  # a manifest has the same words again and again
def meaning(text: str) -> Value:
    """The value of a plain scalar; a date stays text."""
    convert = _CONVERSIONS.get(_resolved(text))
    if convert is None:
        return text
    if len(text) > _LONGEST_NUMBER:
        raise ScalarError("this number is too long: write it in quotes")
    try:
        value = convert(yaml.ScalarNode("", text))
    except ValueError:  # 0b_: the digits are missing
        return text
    except OverflowError:
        value = math.inf
    if isinstance(value, float) and not math.isfinite(value):
        raise ScalarError(f"{text} cannot be written as JSON: write it in quotes if it is text")
    return value


def surprise(text: str, value: Value) -> str:
    """What is surprising in this meaning, empty when nothing is."""
    if isinstance(value, bool):
        return "" if text.lower() in {"true", "false"} else f"{text} means {str(value).lower()} in YAML 1.1"
    if isinstance(value, int | float):
        return _surprising_number(text, value)
    if isinstance(value, str) and text[:1].isdigit() and _resolved(text) == f"{_TAG}timestamp":
        return f"{text} is a date in YAML 1.1 and stays text here"
    return ""


def _surprising_number(text: str, value: float) -> str:
    digits = text.lstrip("+-")
    if ":" in text:
        return f"{text} means {value} in YAML 1.1, a number of base 60"
    if isinstance(value, int) and len(digits) > 1 and digits[0] == "0" and digits[1] not in "xb":
        return f"{text} means {value} in YAML 1.1, a number of base 8"
    if "_" in text:
        return f"{text} means {value} in YAML 1.1"
    return f"{text} is the number {value}" if _ROUND.fullmatch(digits) else ""


def tagged(tag: str, text: str) -> Value:
    """The value of a scalar with a standard tag (`str`, `int`, …)."""
    if tag == "str":
        return text
    value = meaning(text)
    types = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}[tag]
    if not isinstance(value, types) or (isinstance(value, bool) and tag != "bool"):
        raise ScalarError(f"{text!r} is no {tag}")
    return float(value) if tag == "float" and isinstance(value, int) else value


def key_text(value: Value, text: str) -> str:
    """A key as JSON writes it."""
    if value is None:
        return "null" if text else ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def _resolved(text: str) -> str:
    """The tag that YAML 1.1 gives to a plain scalar."""
    return str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]
