"""`build-env external`: an external of the project as a program of its own."""

from __future__ import annotations

import io
import json
import re
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from build_env.cli.external import external
from build_env.core.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def give(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))

    return give


def test_an_envelope_goes_in_and_comes_out(given: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    given('{"tree": {"text": "hello"}}')
    external("osbuild.embed-file", None)
    assert json.loads(capsys.readouterr().out)["tree"]["size"] == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("\n", 'standard input is empty; {"tree": ARGUMENTS} is expected there'),
        ("{}", "standard input has no tree"),
        ("[]", "what standard input has is not of the form"),
        ('{"tree": {}}', "give either path or text"),
    ],
)
def test_what_is_wrong_is_told(given: Callable[[str], None], text: str, words: str) -> None:
    given(text)
    with pytest.raises(InputError, match=re.escape(words)):
        external("osbuild.embed-file", None)


def test_a_name_that_is_none_is_told_before_anything_is_read() -> None:
    with pytest.raises(UsageError, match=r"no external osbuild.embed \(did you mean osbuild.embed-file\?\)"):
        external("osbuild.embed", None)


def test_without_a_project_the_error_says_what_works(
    given: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given('{"tree": {"include": ["bash"], "target": "a/1", "arch": "amd64"}}')
    with pytest.raises(InputError) as caught:
        external("build-env.depsolve-apt", None)
    lines = caught.value.lines()
    assert lines[0].startswith("build-env.depsolve-apt: no project here: neither ")
    assert lines[0].endswith(" has a build-env.toml [input]")
    assert lines[1:] == ["  next  change into a project; build-env external NAME also takes --root DIRECTORY"]


def test_the_names_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    external("", None)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "build-env.depsolve-apt",
        "osbuild.depsolve-dnf4",
        "osbuild.depsolve-dnf5",
        "osbuild.embed-file",
        "osbuild.partition",
    ]
