"""Shapes: what fits, what is told of what does not, and that the JSON Schema of a shape says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from build_env.core.errors import Location
from build_env.core.json_schema import json_schema
from build_env.core.schema import fitted, located
from build_env.core.shapes import Decimal, Either, Field, Fields, Items, Number, Shape, Size, Table, Text, Truth, Whole
from build_env.externals.runner import OWN
from build_env.settings import SETTINGS

if TYPE_CHECKING:
    from build_env.core.schema import Path

PAIR = Fields(fields={"a": Field(shape=Text(), summary="A", required=True), "b": Field(shape=Truth(), summary="B")})
SHAPES: dict[str, Shape] = {
    "text": Text(),
    "blank": Text(blank=True),
    "pattern": Text(words="two letters", pattern="[a-z]{2}"),
    "blank pattern": Text(words="two letters", pattern="a|b", blank=True),
    "choices": Text(choices=("one", "two")),
    "size": Size(),
    "number": Number(choices=(512, 4096)),
    "whole": Whole(least=1),
    "decimal": Decimal(),
    "truth": Truth(),
    "items": Items(each=Text(), least=1, most=2),
    "table": Table(each=Whole()),
    "either": Either(options=(Text(choices=("all",)), Items(each=Whole())), words="all or numbers"),
    "fields": Fields(
        fields={"a": Field(shape=Text(), summary="A", required=True), "b": Field(shape=Truth(), summary="B")}
    ),
    "settings": SETTINGS,
    **{name: program.schema for name, program in OWN.items()},
}

texts = st.sampled_from(["", "a", "ab", "ab\n", "one", "all", "512", "8G", "0G", " 1.5 MiB", "x:1", "\x85", "é"])
scalars = st.none() | st.booleans() | st.integers(-2, 5000) | st.sampled_from([0.5, -0.5]) | texts
names = st.sampled_from(["a", "b", *SETTINGS.fields, "partitions", "size", "type", "include", "path", "text"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))


def validator(shape: Shape) -> Draft202012Validator:
    schema = json_schema(shape, title="x")
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", SHAPES)
def test_the_schema_of_a_shape_is_one(name: str) -> None:
    validator(SHAPES[name])


@given(name=st.sampled_from(sorted(SHAPES)), value=values)
def test_the_schema_accepts_what_fits_and_refuses_what_does_not(name: str, value: Any) -> None:  # noqa: ANN401 - JSON
    misfits = fitted(SHAPES[name], value)[1]
    refusals = [error.message for error in validator(SHAPES[name]).iter_errors(value)]
    assert bool(misfits) == bool(refusals), (misfits, refusals)


def test_what_fits_is_complete() -> None:
    value, misfits = fitted(SHAPES["fields"], {"a": "x"})
    assert (value, misfits) == ({"a": "x", "b": None}, ())
    assert fitted(Size(), "1K") == (1024, ())
    assert fitted(Number(choices=(512,)), "512") == (512, ())


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("fields", {"c": 1}, ["c: there is no such field; fields: a, b", "a: is missing: A"]),
        ("items", [], ["at least 1 is needed"]),
        ("items", ["a", "b", "c"], ["at most 2 can be given"]),
        ("table", {"x": "y"}, ["x: a whole number is expected, not 'y'"]),
        ("either", "al", ["all or numbers is expected, not 'al'"]),
        ("either", [1, "x"], ["[1]: a whole number is expected, not 'x'"]),
        ("choices", "tow", ["'tow' is not known (did you mean two?); known: one, two"]),
        ("text", "\ud800", [r"'\ud800' is no text: it has half of a surrogate pair"]),
        ("decimal", float("inf"), ["a number of 0 or more is expected, not inf"]),
    ],
)
def test_what_does_not_fit_is_told(name: str, value: object, said: list[str]) -> None:
    assert [str(misfit) for misfit in fitted(SHAPES[name], value)[1]] == said


def test_a_misfit_stands_at_the_nearest_place_that_is_known() -> None:
    known: dict[Path, Location] = {("a",): Location(file="f", line=2, column=1), ("a", 0): Location(file="f", line=3)}
    shape = Fields(
        fields={"a": Field(shape=Items(each=SHAPES["fields"]), summary="A"), "b": Field(shape=Text(), summary="B")}
    )
    misfits = fitted(shape, {"a": [{}, {}], "b": 1})[1]
    assert [str(fault) for fault in located(misfits, known.get, "f")] == [
        "f:3: a[0].a: is missing: A",
        "f:2:1: a[1].a: is missing: A",
        "f: b: text is expected, not a number",
    ]
