"""`build-env external`: an external of the project as a program of its own."""

from __future__ import annotations

import io
import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from build_env.cli.external import _external
from build_env.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def give(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))

    return give


def test_an_envelope_goes_in_and_comes_out(given: Callable[[str], None], capsys: pytest.CaptureFixture[str]) -> None:
    given('{"tree": {"text": "hello"}}')
    assert _external("osbuild.embed-file", None) == 0
    assert json.loads(capsys.readouterr().out)["tree"]["size"] == 5


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "standard input has nothing"),
        ("{}", "standard input has no tree"),
        ('{"tree": {}}', "give either path or text"),
    ],
)
def test_what_is_wrong_is_told(given: Callable[[str], None], text: str, words: str) -> None:
    given(text)
    with pytest.raises(InputError, match=words):
        _external("osbuild.embed-file", None)


def test_the_names_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert _external("", None) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "build-env.depsolve-apt",
        "osbuild.depsolve-dnf4",
        "osbuild.depsolve-dnf5",
        "osbuild.embed-file",
        "osbuild.partition",
    ]
