"""YAML whose scalars are the text that is written, as definitions of packages are read."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.manifest.documents import Unreadable, read_nodes
from build_env.manifest.nodes import Place, places, plain


def read(text: str) -> tuple[object, dict[tuple[str | int, ...], tuple[Place, Place]], list[str]]:
    """Data, places and faults."""
    faults: list[str] = []

    def fault(message: str, place: Place) -> None:
        faults.append(f"{place.location}: {message}")

    try:
        node = read_nodes(text, "f", fault, lambda message, _: faults.append(message), as_written=True)
    except Unreadable as error:
        return None, {}, [f"f:{error.line}:{error.column}: {error.message}"]
    return plain(node), places(node), faults


def test_scalars_stay_text_and_keys_have_places() -> None:
    data, where, faults = read("version: 1.10\nlist: [yes, 2, 0x1, '', !!int 07]\nyes:\n  inner/x: ~\nnone:\n")
    assert data == {
        "version": "1.10",
        "list": ["yes", "2", "0x1", "", "07"],
        "yes": {"inner/x": "~"},
        "none": None,
    }
    assert [str(place.location) for place in where[("yes", "inner/x")]] == ["f:4:3", "f:4:12"]
    assert [str(where[path][0].location) for path in (("list", 1), ())] == ["f:2:13", "f:1:1"]
    assert faults == []


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_a_file_without_fields(text: str) -> None:
    assert read(text)[0] == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1", "f:1:6: this is not YAML"),
        ("a: 1\n\tb: 2\n", "f:2:1: this is not YAML"),
        ("a: 1\n--- \nb: 2\n", "f:2:1: this is a second document"),
        ("a: 1\nb: 2\na: 3\n", "f:3:1: a is given twice"),
        ("? [x]\n: y\n", "f:1:3: a key must be text"),
        ("a: &x [*x]\n", "f:1:8: *x contains itself"),
        ("a: !x 1\n", "f:1:4: the tag !x is not known"),
        ("a: " + "[" * 900 + "]" * 900, "f:1:259: this is nested deeper than 256 levels"),
    ],
)
def test_each_fault_has_its_place(text: str, said: str) -> None:
    assert read(text)[2][0].startswith(said)


def test_an_alias_is_the_value_written_again() -> None:
    assert read("a: &x 1\nb: *x\n")[0] == {"a": "1", "b": "1"}


@given(st.text() | st.text("[]{}:&*-? \n'\"!|>%@a"))
def test_no_text_gives_anything_but_data_or_a_fault(text: str) -> None:
    with contextlib.suppress(Unreadable):
        read_nodes(text, "f", lambda _message, _place: None, lambda _message, _place: None, as_written=True)
