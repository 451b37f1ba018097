"""Compiled data as YAML: it reads back as the same data, whichever version of YAML the reader speaks."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from build_env.manifest.render import render

# The core schema of YAML 1.2, section 10.3.2.
CORE = re.compile(
    r"null|Null|NULL|~||true|True|TRUE|false|False|FALSE|[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?(?:\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN"
)
# Those types of YAML 1.1 that PyYAML itself leaves out.
OLD = re.compile(r"y|Y|n|N|[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")
TEXTS = st.text("0123456789eExXoObB_.,:+-yn") | st.text(" \t\n#:-ab'\"|\x85") | st.text()


@pytest.mark.parametrize(
    "text", ["1e3", "0o17", "1E5", "08", "-0", "0x1F", "1_0", "y", "No", ".5", "+.INF", "1:30", "1,0"]
)
def test_text_that_some_reader_takes_for_something_else_is_quoted(text: str) -> None:
    assert render([text], "yaml") == f"- '{text}'\n"


@pytest.mark.parametrize("text", ["1.2.3", "1.2-1", "e3", "x86_64", "9.el8", "yes-men", "1e", "0b2"])
def test_other_text_is_not(text: str) -> None:
    assert render([text], "yaml") == f"- {text}\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a\nb", "|-\n  a\n  b\n"),
        ("#!/bin/sh\n\n  b\n", "|\n  #!/bin/sh\n\n    b\n"),
        ("a\n\n", "|+\n  a\n\n"),
        ("a \nb\n", '"a \\nb\\n"\n'),
        ("a\r\nb\n", '"a\\r\\nb\\n"\n'),
    ],
)
def test_text_of_several_lines_is_a_block_where_that_is_exact(text: str, written: str) -> None:
    assert render({"k": text}, "yaml") == f"k: {written}"


@given(st.recursive(TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)))
def test_data_comes_back_and_no_text_looks_like_another_type(data: object) -> None:
    written = render(data, "yaml")
    assert yaml.load(written, Loader=yaml.CSafeLoader) == data
    for event in yaml.parse(written, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.ScalarEvent) and event.implicit[0]:
            assert not CORE.fullmatch(event.value)
            assert not OLD.fullmatch(event.value)
