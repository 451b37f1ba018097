from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.core.errors import InputError
from build_env.manifest.yaml import parse_mapping


def test_scalars_stay_text_and_keys_have_places() -> None:
    document = parse_mapping("version: 1.10\nlist: [yes, 2]\nmap:\n  inner/x: ~\n", "f")
    assert document.data == {"version": "1.10", "list": ["yes", "2"], "map": {"inner/x": "~"}}
    assert str(document.where("map.inner/x")) == "f:4:3"
    assert str(document.where("nothing")) == "f"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_a_file_without_fields(text: str) -> None:
    if text == "---\n":
        with pytest.raises(InputError, match="cannot be used"):
            parse_mapping(text, "f")
    else:
        assert parse_mapping(text, "f").data == {}


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("a: [1", "f:2:1", "not YAML"),
        ("a: 1\n\tb: 2\n", "f:2:1", "not YAML"),
        ("a: 1\n--- \nb: 2\n", "f:2:1", "not YAML"),
        ("a: \0", "f", "not YAML"),
        ("- a\n", "f:1:1", "a map of fields is expected here"),
        ("a: 1\nb: 2\na: 3\n", "f:3:1", "a is given twice"),
        ("? [x]\n: y\n", "f:1:3", "the name of a field must be text"),
        ("a: &x [*x]\n", "f:1:4", "an alias"),
        ("a: &x 1\nb: *x\n", "f:1:4", "an alias"),
        ("a: " + "[" * 900 + "]" * 900, "f", "nested too deep"),
    ],
)
def test_each_fault_has_its_place(text: str, place: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_mapping(text, "f")
    lines = "\n".join(caught.value.lines())
    assert f"{place}: " in lines
    assert said in lines


@given(st.text() | st.text("[]{}:&*-? \n'\"!|>%@a"))
def test_no_text_gives_anything_but_data_or_a_fault(text: str) -> None:
    with contextlib.suppress(InputError):
        assert isinstance(parse_mapping(text, "f").data, dict)
