"""What a definition holds: the same with and without a directive in it, and the same as its JSON Schema says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from build_env.core.errors import InputError
from build_env.core.json_schema import json_schema
from build_env.core.schema import fitted
from build_env.manifest.documents import read_nodes
from build_env.manifest.nodes import plain
from build_env.packages.definitions import Purpose, read_definition
from build_env.packages.fields import DEFINITION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHA256 = "0" * 64
SCHEMA = json_schema(DEFINITION, title="x", manifest=True)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
PURPOSE = Purpose(target="debian/12", architectures=("amd64", "arm64"))

# Words whose meaning YAML, the language or the table may see differently.
words = st.sampled_from(
    [
        *("1.10", "yes", "0x10", "~", "null", "1_000", "2025-10-01", "12:30:45", "017", "", "text", "two words"),
        *("$target", "a-$release", "$$5", "${arch}", "'1.10'", '"yes"', "[a, yes]", "[]", "{a: 1}", "all", "amd64"),
        *(
            "[amd64, arm64]",
            f"{{debian/12: {{version: 1.10, sha256: '{SHA256}'}}}}",
            "*x",
            "&y z",
            "!!int 5",
            "$nothing",
        ),
        *(">\n  folded\n  text", "- 1\n", "\n  - a\n  - 1.0", "# comment", "a: b", "'unclosed", "\ttab"),
    ]
)
names = st.sampled_from([*DEFINITION.fields, "sumary", "x.y", "yes", "1"])
lines = st.lists(st.tuples(names, words), max_size=6)
DIRECTIVES = ["otk.define: {unused: x}", "otk.define.tag: {unused: 1.10}", "otk.version: 1"]


def answer(root: Path, text: str) -> dict[str, Any] | list[int]:
    """The fields per architecture, or the lines in which there are faults."""
    (root / "definition.yaml").write_text(text, encoding="utf-8")
    try:
        definition = read_definition(root, "definition.yaml", PURPOSE)
    except InputError as error:
        return sorted(fault.location.line if fault.location else 0 for fault in error.faults or (error,))
    first, *others = definition.values()
    return {arch: definition.get(arch, first) for arch in PURPOSE.architectures} if others else dict(first)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(fields=lines, directive=st.sampled_from(DIRECTIVES), at_the_end=st.booleans())
def test_a_directive_changes_the_meaning_of_no_other_line(
    tmp_path: Path, fields: list[tuple[str, str]], directive: str, *, at_the_end: bool
) -> None:
    text = "".join(f"{name}: {value}\n" for name, value in fields)
    without = answer(tmp_path, text)
    # Without other fields the file is empty: a line with a directive makes it a map in either case.
    changed = f"{text}{directive}\n" if at_the_end else f"# one line\n{directive}\n{text}"
    with_directive = answer(tmp_path, changed)
    if not isinstance(without, list) or not isinstance(with_directive, list):
        assert _one(with_directive) == _one(without)
    else:
        # What cannot be compiled is not checked further.
        assert with_directive
        assert set(with_directive) <= {line + (0 if at_the_end or not line else 2) for line in without}


def _one(found: Mapping[str, Any] | list[int]) -> object:
    """What is the same for all architectures once."""
    if isinstance(found, dict) and set(found) == set(PURPOSE.architectures) and found["amd64"] == found["arm64"]:
        return found["amd64"]
    return found


def test_text_is_taken_as_it_is_written(tmp_path: Path) -> None:
    text = "version: 1.10\nsummary: yes\nlicense: 0x10\nprovides: [1.0, on]\n"
    for more in ("", "otk.define: {x: 1}\n"):
        fields = answer(tmp_path, text + more)
        found = _one(fields)
        assert isinstance(found, dict)
        assert [found[name] for name in ("version", "summary", "license", "provides")] == [
            "1.10",
            "yes",
            "0x10",
            ["1.0", "on"],
        ]


def test_an_included_file_is_taken_as_it_is_written_too(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("version: 1.10\nsummary: off\n", encoding="utf-8")
    found = _one(answer(tmp_path, "otk.include: shared.yaml\nlicense: no\n"))
    assert isinstance(found, dict)
    assert [found[name] for name in ("version", "summary", "license")] == ["1.10", "off", "no"]


# --- JSON Schema ---


def as_an_editor_sees_it(text: str) -> Any:  # noqa: ANN401 - JSON data
    """The data with YAML's own types."""
    return plain(read_nodes(text, "f", lambda _message, _place: None, lambda _message, _place: None))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: 1.10\nsummary: yes\nlicense:\ndate:\n",
        "name: 7\n",
        "architectures: all\n",
        "architectures: [all]\n",
        "architectures: [amd64, arm64]\n",
        f"archive:\n  debian/12: {{version: 1-1, sha256: '{SHA256}'}}\n",
        f"sources:\n  a-1.tar.gz: {{url: 'https://a.example/b.tgz#/a-1.tar.gz', sha256: '{SHA256}'}}\n",
        "otk.define: {v: 1}\nversion: $v\nrequires:\n  otk.op.join: {values: [[a], [b]]}\n",
        "architectures:\n  otk.variable: these\narchive:\n  otk.include: p.yaml\n  d/1:\n    otk.include: q.yaml\n",
        "otk.include.one: a.yaml\notk.include.two: b.yaml\n",
    ],
)
def test_the_schema_accepts_what_fits(text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(as_an_editor_sees_it(text))] == []


@pytest.mark.parametrize(
    "text",
    [
        "sumary: x\n",
        "- a\n",
        "version: [1]\n",
        "requires: x\n",
        "requires: [[x]]\n",
        "date: 2025-13-01\n",
        "architectures: amd64\n",
        "architectures: [amd46]\n",
        "architectures: [all, amd64]\n",
        "name: a/b\n",
        "name: a..b\n",
        "archive: x\n",
        "archive:\n  d/1: {version: 1}\n",
        "archive:\n  d/1: {version: 1, sha256: x}\n",
        "archive:\n  d/1: {version: 1, sha256: '0', more: x}\n",
        f"sources:\n  a: {{url: 'ftp://a.example/b', sha256: '{SHA256}'}}\n",
        f"sources:\n  a: {{url: 'https://user:word@a.example/b', sha256: '{SHA256}'}}\n",
        f"sources:\n  a: {{url: 'https://a.example/b c', sha256: '{SHA256}'}}\n",
        "sources:\n  a: {url: 'https://a.example/b'}\n",
    ],
)
def test_the_schema_refuses_what_does_not_fit(text: str, tmp_path: Path) -> None:
    assert isinstance(answer(tmp_path, text), list)
    assert list(VALIDATOR.iter_errors(as_an_editor_sees_it(text)))


@given(fields=lines)
def test_the_schema_refuses_nothing_that_fits(fields: list[tuple[str, str]]) -> None:
    text = "".join(f"{name}: {value}\n" for name, value in fields)
    try:
        written = plain(read_nodes(text, "f", _refuse, lambda _message, _place: None, as_written=True))
        seen = as_an_editor_sees_it(text)
    except Exception:  # noqa: BLE001 - what cannot be read says nothing here
        return
    if not fitted(DEFINITION, written)[1]:
        assert [error.message for error in VALIDATOR.iter_errors(seen)] == []


def _refuse(message: str, _: object) -> None:
    raise ValueError(message)
