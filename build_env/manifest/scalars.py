"""Owns what a plain YAML scalar means by YAML 1.1, and which of these meanings surprise people. Pure."""

from __future__ import annotations

import math
import re
from functools import reduce
from typing import TypeAlias

__all__ = ["ScalarError", "key_text", "meaning", "surprise", "tagged"]

Value: TypeAlias = str | int | float | bool | None

_BOOLEANS = {"yes": True, "on": True, "true": True, "no": False, "off": False, "false": False}
_CASES = frozenset(form for word in _BOOLEANS for form in (word, word.title(), word.upper()))
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*|[1-9][0-9_]*(?::[0-5]?[0-9])+)")
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|\.inf|\.Inf|\.INF)"
    r"|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|\.nan|\.NaN|\.NAN"
)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
    r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
)
_ROUND = re.compile(r"[0-9]+\.[0-9]+0")  # what is rather a version: the last 0 of 1.10 means nothing to a number
_FIRST = frozenset("-+.0123456789")
_LONGEST_NUMBER = 1000


class ScalarError(Exception):
    """The scalar has a meaning that cannot be used."""


def meaning(text: str) -> Value:
    """The value of a plain scalar; a date stays text."""
    if text in _NULLS:
        return None
    if text in _CASES:
        return _BOOLEANS[text.lower()]
    if text[0] in _FIRST:
        convert = _integer if _INTEGER.fullmatch(text) else _float if _FLOAT.fullmatch(text) else None
        if convert and len(text) > _LONGEST_NUMBER:
            raise ScalarError("this number is too long: write it in quotes")
        if convert:
            return convert(text)
    return text


def surprise(text: str, value: Value) -> str:
    """What is surprising in this meaning, empty when nothing is."""
    if isinstance(value, bool):
        return "" if text.lower() in {"true", "false"} else f"{text} means {str(value).lower()} in YAML 1.1"
    if isinstance(value, int | float):
        return _surprising_number(text, value)
    if isinstance(value, str) and text[:1].isdigit() and _DATE.fullmatch(text):
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


def _integer(text: str) -> int | str:
    bare = text.replace("_", "")
    digits = bare.lstrip("+-")
    if digits in {"0b", "0x"}:
        return text
    if digits.startswith(("0b", "0x")):
        number = int(digits[2:], 2 if digits[1] == "b" else 16)
    elif ":" in digits:
        number = _base_60(digits.split(":"))
    else:
        number = int(digits, 8 if digits[0] == "0" else 10)
    return -number if bare[0] == "-" else number


def _float(text: str) -> float:
    bare = text.replace("_", "").lower()
    *whole, last = bare.lstrip("+-").split(":")
    try:
        number = float(_base_60(whole) * 60) + float(last.replace(".inf", "inf").replace(".nan", "nan"))
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ScalarError(f"{text} cannot be written as JSON: write it in quotes if it is text")
    return -number if bare[0] == "-" else number


def _base_60(digits: list[str]) -> int:
    return reduce(lambda number, digit: number * 60 + int(digit), digits, 0)
