"""What the answers of a mirror mean for a target: what is broken, what could be used, and the line that fits."""

from __future__ import annotations

from dataclasses import replace

from build_env.setup.facts import State
from build_env.setup.probe import Suites, judge, parse_answers

SUITES = Suites(target="debian/12", architectures=("amd64", "arm64"), plain=("b", "b-security"), special={})
ALL_FINE = {(suite, arch): "ok" for suite in SUITES.plain for arch in SUITES.architectures}


def test_answers_among_the_output_of_apt() -> None:
    lines = ["Get:1 x", "probe b amd64 ok", "E: no", "probe s arm64 index", "probe s arm64 ok", "probe short"]
    assert parse_answers(lines) == {("b", "amd64"): "ok", ("s", "arm64"): "index"}


def test_a_source_that_works_does_not_hide_one_that_does_not() -> None:
    assert parse_answers(["probe b amd64 ok", "probe b amd64 pool"]) == {("b", "amd64"): "pool"}


def test_all_in_step() -> None:
    assert [check.state for check in judge(SUITES, ALL_FINE)] == [State.OK, State.OK]


def test_a_suite_without_index_for_one_architecture() -> None:
    first, second = judge(SUITES, {**ALL_FINE, ("b-security", "arm64"): "index"})
    assert first.state is State.OK
    assert second.state is State.MISSING
    assert second.text == "b-security has no usable index for arm64"
    assert second.mend == "SUITES_FOR = {'arm64': ('b',)} in targets/debian/12/packages.conf.py"


def test_files_that_cannot_be_fetched() -> None:
    _, second = judge(SUITES, {**ALL_FINE, ("b-security", "arm64"): "pool"})
    assert "files cannot be fetched" in second.text


def test_a_target_that_leaves_the_suite_out_is_fine() -> None:
    suites = replace(SUITES, special={"arm64": ("b",)})
    _, second = judge(suites, {**ALL_FINE, ("b-security", "arm64"): "index"})
    assert second.state is State.OK


def test_a_suite_left_out_that_works_again_is_a_note() -> None:
    suites = replace(SUITES, special={"arm64": ("b",)})
    _, second = judge(suites, ALL_FINE)
    assert second.state is State.NOTE
    assert second.mend == "remove SUITES_FOR from targets/debian/12/packages.conf.py"


def test_no_answer_is_no_good_answer() -> None:
    first, _ = judge(SUITES, {})
    assert first.state is State.MISSING
    assert "no answer from the mirror" in first.text
    assert "SUITES_FOR" not in first.mend
