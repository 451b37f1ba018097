from __future__ import annotations

import json
import os
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.core.canonical import canonical_json, digest_bytes, digest_data, digest_file, plain
from build_env.core.errors import (
    BuildEnvError,
    EnvironmentNotReady,
    Fault,
    HookError,
    InputError,
    Interrupted,
    Location,
    TaskError,
    UsageError,
)
from build_env.core.machine import debian_architecture, read_os_release
from build_env.core.paths import ProjectPaths, find_root, shipped_root
from build_env.core.suggest import did_you_mean, nearest
from build_env.core.toml import read_toml
from build_env.model.artifact import Isolation
from build_env.model.task import Stage

if TYPE_CHECKING:
    from pathlib import Path

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=12,
)


@given(JSON)
def test_canonical_text_is_json_and_reads_back(value: object) -> None:
    assert json.loads(canonical_json(value)) == value


@given(st.dictionaries(st.text(), st.integers()), st.randoms())
def test_order_of_keys_does_not_matter(value: dict[str, int], random: object) -> None:
    items = list(value.items())
    random.shuffle(items)  # type: ignore[attr-defined]
    assert digest_data(dict(items)) == digest_data(value) == digest_data(MappingProxyType(value))


@given(JSON, JSON)
def test_different_data_has_different_digests(one: object, other: object) -> None:
    assert (canonical_json(one) == canonical_json(other)) == (digest_data(one) == digest_data(other))


@given(st.frozensets(st.text()))
def test_sets_are_sorted_lists_and_tuples_are_lists(value: frozenset[str]) -> None:
    assert plain(value) == sorted(value)
    assert canonical_json(tuple(value)) == canonical_json(list(value))


def test_dataclasses_and_enums_have_a_form() -> None:
    @dataclass(frozen=True)
    class Point:
        x: int
        stage: Stage

    assert canonical_json(Point(1, Stage.BUILD)) == '{"stage":"build","x":1}'
    assert canonical_json([Isolation.FRESH, {Stage.TAR: "é"}]) == '[3,{"tar":"é"}]'


@pytest.mark.parametrize("value", [object(), b"x", {1: "a"}, [float("nan")], {"a": Location}])
def test_what_has_no_form_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical_json(value)


def test_names_that_are_no_text_have_a_digest() -> None:
    assert digest_data(os.fsdecode(b"\xff")) != digest_data(os.fsdecode(b"\xfe"))


def test_files_have_the_digest_of_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 3_000_000)
    assert digest_file(tmp_path / "a") == digest_bytes(b"x" * 3_000_000)


def test_the_root_is_found_upwards_or_named(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with pytest.raises(UsageError, match="no project here"):
        find_root(None, inner)
    with pytest.raises(UsageError, match="is no project root"):
        find_root(inner, inner)
    (tmp_path / "a" / "build-env.toml").write_text("", encoding="utf-8")
    assert (
        find_root(None, inner)
        == find_root(tmp_path / "a", tmp_path)
        == ProjectPaths(root=tmp_path / "a", shipped=shipped_root())
    )


def test_everything_written_lies_in_two_directories(tmp_path: Path) -> None:
    paths = ProjectPaths(root=tmp_path)
    for path in (paths.deploy, paths.repositories, paths.logs, paths.downloads, paths.store, paths.rooms):
        assert path.parent == paths.build
    assert paths.private.name == ".build-env"


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ("linux/arm64", "arm64"),
        ("linux/arm/v7", "armhf"),
        ("arm64", "arm64"),
        ("", "amd64"),
        ("linux/ppc64le", "ppc64el"),
    ],
)
def test_platforms_have_debian_names(platform: str, name: str) -> None:
    assert debian_architecture(platform, "amd64") == name


def test_os_release_is_read_without_its_quotes(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    assert read_os_release(file) == {}
    file.write_text("ID=debian\nVERSION_ID=\"12\"\n# x\nNAME='A B'\n", encoding="utf-8")
    assert read_os_release(file) == {"ID": "debian", "VERSION_ID": "12", "NAME": "A B"}


def test_the_lines_of_an_error_say_what_where_and_what_next() -> None:
    fault = Fault(message="wrong", location=Location(file="b", line=2))
    error = InputError("bad", hint="mend it", location=Location(file="a", line=1, column=3), faults=(fault,))
    assert error.lines() == ["a:1:3: bad [input]", "  b:2: wrong", "  next  mend it"]
    assert BuildEnvError("bad").lines() == ["bad [failed]"]


def test_exit_codes() -> None:
    codes = {TaskError: 1, UsageError: 2, InputError: 2, HookError: 2, EnvironmentNotReady: 4, Interrupted: 130}
    assert {kind: kind.exit_code for kind in codes} == codes


def test_of_many_names_the_nearest_is_found_fast() -> None:
    assert nearest("nome_77", [f"name_{number}" for number in range(20_000)]) == "name_77"


def test_toml_that_is_nested_too_deeply_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(f"a = {'[' * 9000}{']' * 9000}", encoding="utf-8")
    with pytest.raises(InputError, match="this is nested too deeply"):
        read_toml(tmp_path / "a.toml", "a.toml")


def test_the_nearest_name_is_suggested() -> None:
    assert did_you_mean("gret", ["greet", "hello"]) == " (did you mean greet?)"
    assert not did_you_mean("zzz", ["greet"])
