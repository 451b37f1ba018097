from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build_env.core.errors import UsageError
from build_env.targets.discover import discover, match

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("centos/8", "centos/9", "debian/12", "rhel/8", "ubuntu/20.04-focal")


def test_directories_with_the_configuration_are_targets(tmp_path: Path) -> None:
    for name in ("debian/12", ".hidden/1", "common", "centos/.old", "a/common/x", "plain"):
        (tmp_path / name).mkdir(parents=True)
        if name != "plain":
            (tmp_path / name / "packages.conf.py").write_text("PACKAGES = []\n", encoding="utf-8")
    (tmp_path / "packages.conf.py").write_text("", encoding="utf-8")
    assert discover(tmp_path) == ("debian/12",)
    assert discover(tmp_path / "absent") == ()


@pytest.mark.parametrize("written", ["centos/8", "centos-8", "centos:8", "CentOS-8", "/centos/8/"])
def test_separators_mean_the_same(written: str) -> None:
    assert match(written, NAMES) == "centos/8"


@pytest.mark.parametrize(
    ("part", "name"), [("focal", "ubuntu/20.04-focal"), ("rh", "rhel/8"), ("rhel-8", "rhel/8"), ("deb", "debian/12")]
)
def test_a_unique_part_is_enough(part: str, name: str) -> None:
    assert match(part, NAMES) == name


def test_an_exact_name_wins_over_parts() -> None:
    assert match("debian/1", ("debian/1", "debian/12")) == "debian/1"


def test_an_ambiguous_name_lists_the_candidates() -> None:
    with pytest.raises(UsageError, match="ambiguous: centos/8, centos/9") as caught:
        match("centos", NAMES)
    assert caught.value.mistyped == ("centos", "centos/9")


@pytest.mark.parametrize(
    ("wanted", "near"), [("debain/12", "debian/12"), ("debian/122", "debian/12"), ("centso-8", "centos/8"), ("x", "")]
)
def test_no_match_names_the_nearest(wanted: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        match(wanted, NAMES)
    assert caught.value.mistyped == ((wanted, near) if near else ("", ""))


@pytest.mark.parametrize("wanted", ["arch", "", "-", "centos/7"])
def test_no_match_lists_the_targets(wanted: str) -> None:
    with pytest.raises(UsageError, match="there is no target") as caught:
        match(wanted, NAMES)
    assert "centos/8, centos/9" in caught.value.hint


@given(st.sampled_from(NAMES), st.sampled_from("/-:"))
def test_every_name_finds_itself(name: str, separator: str) -> None:
    assert match(name.replace("/", separator), NAMES) == name
