"""Texts that people write, and what is none because of its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from build_env.core import texts
from build_env.core.errors import InputError
from build_env.core.texts import carriage_returns, read_text

if TYPE_CHECKING:
    from pathlib import Path


def test_a_text_is_read_with_the_ends_of_its_lines_as_they_are_meant(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"one\r\ntwo\n")
    assert read_text(tmp_path / "text", "text", most=9) == "one\ntwo\n"


def test_what_is_larger_than_any_text_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "text").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InputError, match="larger than 16M") as caught:
        read_text(tmp_path / "text", "src/a/deb/control")
    assert str(caught.value.location) == "src/a/deb/control"


def test_of_a_script_the_first_line_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"#!/bin/sh\r\necho\r\n")
    assert [str(fault.location) for fault in carriage_returns(script, "run")] == ["run:1"]
    monkeypatch.setattr(texts, "_LONGEST", 5)
    assert carriage_returns(script, "run") == ()
