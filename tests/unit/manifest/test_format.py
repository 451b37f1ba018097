"""The form of YAML files: what moves, what stays, and that the meaning stays the same."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from build_env.core.errors import InputError
from build_env.manifest.format import formatted

UNTIDY = """\
# head
a:
      b: 1   \t
      # about c
      c:
      - x
      -   y: 1
          z: 2
      d: |
          text \x20
            more

          end
      e: "two
         lines"
      f: {a: 1,
          b: '2'}
g:
  -
      h: 1
# foot


"""
TIDY = """\
# head
a:
  b: 1
  # about c
  c:
  - x
  -   y: 1
      z: 2
  d: |
      text \x20
        more

      end
  e: "two
     lines"
  f: {a: 1,
      b: '2'}
g:
  -
    h: 1
# foot
"""
DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)
PIECES = (
    "a:", "b: 1", "- ", "- x", "- c: 2", "- - y", "# c", "k: |", "k: >-", "k: |+", "k: |2", "- >", "e: 'q", "w'",
    "f: [1,", "2]", "g: {h: 1", "}", "&n", "m: &o", "!t", "p: !!map", "? z", ": y", "text", "two words", '"dq\\', '"',
    "---", "...", "k: |1-", "", "\t", "i: 'x'  # y", "- &q r: 1",
)  # fmt: skip  # a piece a line would be fifty lines
LINE = st.tuples(
    st.sampled_from(("", " ", "  ", "    ", "        ")),
    st.sampled_from(PIECES),
    st.sampled_from(("", "", "  ", " \t")),
    st.sampled_from(("\n",) * 6 + ("\r\n", "\r", "\x85", "\u2028")),
).map("".join)


def test_indentation_and_ends_change_and_comments_quotes_and_literal_texts_stay() -> None:
    assert formatted(UNTIDY, "x.yaml").text == TIDY
    assert formatted(TIDY, "x.yaml").text == TIDY


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", ""),
        ("a: 1", "a: 1\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a: |+\n  x\n\n", "a: |+\n  x\n\n"),
        ("a: |1\n  x\n", "a: |1\n  x\n"),
        ("- - 1\n  - 2\n", "- - 1\n  - 2\n"),
        ("\n\n", ""),
        ("k: >-\n  a\n\n\n\n", "k: >-\n  a\n"),
        ("a:\n    b: |\n        x\n\n\n", "a:\n  b: |\n      x\n"),
        ("a:\n    b: |2\n        x\n       \n      \n", "a:\n  b: |2\n      x\n     \n"),
        ("a: |\n  x\n     \n\n", "a: |\n  x\n     \n"),
        ("a: |-\n    x", "a: |-\n    x\n"),
        ("base: &base\n    a: 1\nb: !!map\n    c: 1\n", "base: &base\n  a: 1\nb: !!map\n  c: 1\n"),
        ("d: &d\n    - &x\n        a: 1\n    - !y\n        a: 1\n", "d: &d\n  - &x\n    a: 1\n  - !y\n    a: 1\n"),
        ("a:\r    b: 1\r", "a:\n  b: 1\n"),
        ("a: 1\x85b:\u2028    c: 1", "a: 1\x85b:\u2028  c: 1\n"),
        ('a:\n    b: "x\\  \n      y"\n', 'a:\n  b: "x\\  \n    y"\n'),
    ],
)
def test_small_files(text: str, result: str) -> None:
    assert formatted(text, "x.yaml").text == result


@pytest.mark.parametrize(
    ("text", "result", "left"),
    [
        ("x:\n    a: |\n        x", "x:\n  a: |\n      x", "no newline is put at its end: the text of line 2 would"),
        ("    a: 'x  \n    --- y'\n", "    a: 'x\n    --- y'\n", "its lines are not moved: line 1 would mean"),
    ],
)
def test_what_cannot_be_changed_is_told(text: str, result: str, left: str) -> None:
    found = formatted(text, "x.yaml")
    assert found.text == result
    assert found.left.startswith(left)
    assert formatted(result, "x.yaml") == found


def test_too_many_values_are_refused() -> None:
    with pytest.raises(InputError, match=r"more than 1,000,000 values"):
        formatted("[" + "1," * 1_000_001 + "]", "x.yaml")


def test_what_is_not_yaml_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match="this is not YAML") as caught:
        formatted("a: [\n", "x.yaml")
    assert caught.value.location is not None
    assert str(caught.value.location) == "x.yaml:2:1"


@given(DATA, st.integers(2, 9))
def test_it_means_the_same_and_is_done_at_once(data: object, indent: int) -> None:
    text = yaml.safe_dump(data, indent=indent, allow_unicode=True)
    once = formatted(text, "x.yaml").text
    assert yaml.safe_load(once) == yaml.safe_load(text)
    assert formatted(once, "x.yaml").text == once


def said(text: str) -> object:
    """The text without its form."""
    return yaml.emit(yaml.parse(text, Loader=yaml.CSafeLoader))


@settings(max_examples=600)
@given(st.lists(LINE, max_size=8).map("".join), st.booleans())
def test_any_file_keeps_its_meaning_and_is_done_at_once(text: str, closed: bool) -> None:  # noqa: FBT001 - drawn
    text = text if closed else text.rstrip("\r\n")
    try:
        once = formatted(text, "x.yaml").text
    except InputError:
        return
    assert said(once) == said(text)
    assert formatted(once, "x.yaml").text == once
