"""The form of YAML files: what moves, what stays, and that the meaning stays the same."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
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


def test_indentation_and_ends_change_and_comments_quotes_and_literal_texts_stay() -> None:
    assert formatted(UNTIDY, "x.yaml") == TIDY
    assert formatted(TIDY, "x.yaml") == TIDY


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", ""),
        ("a: 1", "a: 1\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a: |+\n  x\n\n", "a: |+\n  x\n\n"),
        ("a: |1\n  x\n", "a: |1\n  x\n"),
        ("- - 1\n  - 2\n", "- - 1\n  - 2\n"),
    ],
)
def test_small_files(text: str, result: str) -> None:
    assert formatted(text, "x.yaml") == result


def test_what_is_not_yaml_is_refused_with_its_place() -> None:
    with pytest.raises(InputError, match="this is not YAML") as caught:
        formatted("a: [\n", "x.yaml")
    assert caught.value.location is not None
    assert str(caught.value.location) == "x.yaml:2:1"


@given(DATA, st.integers(2, 9))
def test_it_means_the_same_and_is_done_at_once(data: object, indent: int) -> None:
    text = yaml.safe_dump(data, indent=indent, allow_unicode=True)
    once = formatted(text, "x.yaml")
    assert yaml.safe_load(once) == yaml.safe_load(text)
    assert formatted(once, "x.yaml") == once
