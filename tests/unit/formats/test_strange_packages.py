"""What strangers put into packages and specs: impossible sizes, names that are not theirs, facts that are none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from build_env.core.errors import InputError
from build_env.formats.archives import Unreadable, members_of
from build_env.formats.deb.names import check_declared
from build_env.formats.rpm.spec import with_spec_facts
from tests.support.repositories import deb, source

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("size", ["-60", "-61", "99999"])
def test_a_member_of_an_impossible_size_ends_the_reading(size: str) -> None:
    head = f"{'debian-binary':<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{size:<10}`\n"
    with pytest.raises(Unreadable, match="impossible size"):
        members_of(b"!<arch>\n" + head.encode() + b"2.0\n")


def test_names_that_the_source_declares_are_taken(tmp_path: Path) -> None:
    epoch = deb(tmp_path, "one", "1:1.0", file="one_1.0_amd64.deb")
    debug = deb(tmp_path, "one-dbgsym", fields="Source: one (1.0)\n")
    check_declared([epoch, debug], source(tmp_path, "one"))
    check_declared([deb(tmp_path, "other")], [])  # no source package was made


@pytest.mark.parametrize(
    ("fields", "reason"), [("Source: one\n", "does not declare"), ("", "its source is two, but it was built from one")]
)
def test_a_name_that_the_source_does_not_declare_is_refused(tmp_path: Path, fields: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_declared([deb(tmp_path, "two", fields=fields)], source(tmp_path, "one"))


FACTS = {"directory": "src/a", "build_requires": [], "noarch": False, "mixed": False, "dynamic": False, "packages": []}


@pytest.mark.parametrize(
    "facts",
    [
        [],
        {**FACTS, "directory": []},
        {**FACTS, "build_requires": 1},
        {**FACTS, "build_requires": [1]},
        {**FACTS, "packages": 7},
        {**FACTS, "packages": [0]},
    ],
)
def test_facts_of_a_spec_that_are_none_are_refused(facts: object) -> None:
    assert with_spec_facts({}, json.dumps(FACTS)) == {}
    with pytest.raises(InputError, match="the scan of the spec files"):
        with_spec_facts({}, json.dumps(facts))
