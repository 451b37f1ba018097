"""The first input that differs: named as a person would look for it, found also among many."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from build_env.work.reasons import Difference, first_difference

FILES = {f"dir/file{number}": f"{number:064x}" for number in range(500)}


def manifest(files: dict[str, str], *, executable: frozenset[str] = frozenset()) -> bytes:
    return json.dumps([[name, "file", name in executable, digest] for name, digest in sorted(files.items())]).encode()


def difference(old: bytes, new: bytes, **others: str) -> Difference | None:
    known = {hashlib.sha256(text).hexdigest(): text for text in (old, new)}
    before, after = (hashlib.sha256(text).hexdigest() for text in (old, new))
    return first_difference(
        {"tree src/a": before, "epoch": "1"}, {"tree src/a": after, "epoch": "1"} | others, known.get
    )


def test_equal_inputs_have_no_difference() -> None:
    assert difference(manifest(FILES), manifest(FILES)) is None


@given(number=st.integers(0, 499), act=st.sampled_from(["change", "drop", "mode", "add"]))
def test_one_of_five_hundred_files_is_named(number: int, act: str) -> None:
    name = f"dir/file{number}"
    files, executable = dict(FILES), frozenset[str]()
    if act == "change":
        files[name] = "f" * 64
    elif act == "drop":
        del files[name]
    elif act == "mode":
        executable = frozenset({name})
    else:
        name = "dir/new"
        files[name] = "e" * 64
    found = difference(manifest(FILES), manifest(files, executable=executable))
    assert found is not None
    assert found.name == f"src/a/{name}"
    words = {"change": "changed", "drop": "is gone", "mode": "executable", "add": "is new"}
    assert words[act] in str(found)


def test_a_link_says_where_it_led() -> None:
    old, new = (json.dumps([["l", "link", False, target]]).encode() for target in ("one", "two"))
    assert str(difference(old, new)) == "src/a/l changed (link to one → link to two)"


def test_files_come_before_the_environment_and_inputs_come_last() -> None:
    found = first_difference(
        {"packages x.deb": "1", "environment A": "1", "command 1": "1"},
        {"packages x.deb": "2", "environment A": "2", "command 1": "2"},
        lambda _: None,
    )
    assert found is not None
    assert found.name == "command 1"


def test_a_tree_without_a_manifest_is_named_as_a_whole() -> None:
    found = first_difference({"tree src/a": "1" * 64}, {"tree src/a": "2" * 64}, lambda _: None)
    assert str(found) == "src/a changed (111111111111 → 222222222222)"


def test_of_a_text_of_many_lines_the_line_that_differs_is_shown() -> None:
    old, new = "FROM debian:12\nRUN one\n", "FROM debian:12\nRUN two\n"
    found = first_difference({"dockerfile": old}, {"dockerfile": new}, lambda _: None)
    assert str(found) == "dockerfile changed (RUN one → RUN two)"


def test_a_long_line_is_shown_around_the_difference() -> None:
    found = first_difference({"command 1": "x" * 200 + "a"}, {"command 1": "x" * 200 + "b"}, lambda _: None)
    said = str(found)
    assert "xa → …" in said
    assert len(said) < 120


def test_names_and_values_stay_in_their_line() -> None:
    told = Difference(name="src/one/a\n::error::b", old="link to c", new="link to \x1b[2Kd")
    assert str(told) == r"src/one/a\n::error::b changed (link to c → link to \x1b[2Kd)"
