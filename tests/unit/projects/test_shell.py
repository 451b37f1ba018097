"""What is read of shell scripts for certain, and that all else is given as it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.projects.shell import Assignment, Function, Other, statements


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A=b", ("b",)),
        ("A='b c' # comment", ("b c",)),
        ('A="b c"', ("b c",)),
        ("A=b\\ c", ("b c",)),
        ("A=", ("",)),
        ("A=()", ()),
        ("A=(b 'c d' \"e\")", ("b", "c d", "e")),
        ("A=( # why\n  b   # it's for x\n\n  c\n)", ("b", "c")),
        ("export A=b", ("b",)),
        ("declare -a A=(b c)", ("b", "c")),
        ("A=b\\\nc", ("bc",)),
        ('A="b\\\nc"', ("bc",)),
        ("A=b\r\n", ("b",)),
        ("A=$B", None),
        ('A="$(ls)"', None),
        ("A=`ls`", None),
        ("A=(b $(echo ')' \")\") c)", None),
        ("A=(b *.c)", None),
        ("A=~/x", None),
    ],
)
def test_values(text: str, words: tuple[str, ...] | None) -> None:
    (found,) = statements(text)
    assert isinstance(found, Assignment)
    assert (found.name, found.words) == ("A", words)


@pytest.mark.parametrize(
    "text",
    [
        "if true; then A=b; fi",
        "for x in a b; do A=$x; done",
        "case $x in a|b) A=b ;; (c) A=c ;; esac",
        "true && A=b",
        "A=b command",
        "A+=(b)",
        "(A=b)",
        "cat <<END\nA=b\nit's\nEND",
        "cat <<-'END'\n\tA=b\n\tEND",
        "{ A=b; }",
        "declare -A A=([x]=y)",
    ],
)
def test_what_is_done_under_a_condition_or_elsewhere_is_no_value(text: str) -> None:
    found = statements(f"{text}\nZ=1\n")
    assert isinstance(found[0], Other)
    assert [each.name for each in found if isinstance(each, Assignment)] == ["Z"]


@pytest.mark.parametrize("head", ["f() {", "f ()\n{", "function f {", "function f() {"])
def test_functions(head: str) -> None:
    text = f'# first\n{head}\n    # comment\n    run "$1" \\\n        --all; if true; then echo }}; fi\n}}\nA=b\n'
    function, assignment = statements(text)
    assert isinstance(function, Function)
    assert (function.name, function.line) == ("f", 2)
    assert function.body == 'run "$1" --all ; if true ; then echo } ; fi'
    assert isinstance(assignment, Assignment)


@pytest.mark.parametrize(
    "rest", ["B='open", 'B="open', "B=(open", "B=$(open", "f() {\n  A=c\n", "cat <<END\n", "if true\n"]
)
def test_what_has_no_end_is_told_and_what_came_before_counts(rest: str) -> None:
    first, *_, last = statements(f"A=b\n{rest}")
    assert isinstance(first, Assignment)
    assert isinstance(last, Other)
    assert last.line >= 2


@given(st.text(alphabet="A=b'\"\\$`(){};&|<>\n #*if casedon", max_size=60))
def test_anything_can_be_read(text: str) -> None:
    for each in statements(text):
        assert each.line >= 1


@pytest.mark.parametrize("text", ['"$(' * 5000, "A=(" * 5000, "{ " * 5000, "a\n" * 20000, "A=b;" * 20000])
def test_whatever_is_read_takes_no_long_time(text: str) -> None:
    assert statements(text)
